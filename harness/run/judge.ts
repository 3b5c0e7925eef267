import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { RESULTS_VERSION, type Results } from '../../reports/results.js';
import { NS_PER_MS } from '../clock.js';
import type { Environment } from '../environment/environment.js';
import type { Timeline } from '../faults/timeline.js';
import { evaluateGates } from '../gates/evaluate.js';
import type { UnmeasurableGate } from '../gates/measurable.js';
import { METRICS } from '../gates/registry.js';
import { checkRun } from '../ledger/checker.js';
import { cutOffIncidents } from '../ledger/cut-off.js';
import { describeRun } from '../ledger/describe/describe-run.js';
import type { RunHistory } from '../ledger/history.js';
import type { LoadPlan } from '../load/plan.js';
import type { Probe } from '../load/probe.js';
import type { DriverDescription } from '../load/protocol.js';
import type { RunContext } from '../load/run-context.js';
import type { RedisSpec } from '../scenario/scenario.js';
import { gauntletVersion } from '../version.js';
import type { Autoscaling } from './autoscaling.js';
import type { Drained } from './drain-system.js';
import type { EventLog } from './event-log.js';
import { describeMachine, gitCommit } from './machine.js';
import type { Monitor } from './monitor.js';
import { readInstrument } from './read-instrument.js';
import type { ScenarioOptions } from './run-scenario.js';
import type { StageTimer } from './stage-timer.js';
import type { WorkerFleet } from './worker-fleet.js';

function largest(values: readonly number[]): number {
  return values.reduce((most, value) => Math.max(most, value), 0);
}

/** Everything that a finished run leaves behind. */
export interface FinishedRun {
  readonly options: ScenarioOptions;
  readonly context: RunContext;
  readonly environment: Environment;
  readonly driver: DriverDescription;
  /** Implicit gates that the driver cannot be held to. */
  readonly leftOut: readonly UnmeasurableGate[];
  readonly plan: LoadPlan;
  readonly startNs: number;
  readonly endNs: number;
  readonly startedAtMs: number;
  readonly drained: Drained;
  readonly fleet: WorkerFleet;
  /** With `consumers.autoscale`. */
  readonly autoscaling: Autoscaling | undefined;
  readonly probe: Probe;
  readonly monitor: Monitor;
  readonly timeline: Timeline;
  readonly events: EventLog;
  readonly stages: StageTimer;
}

/** From ledger, inventory and what the harness did to the results document. */
export async function judge(run: FinishedRun): Promise<Results> {
  const { options, context, fleet, monitor, probe, startNs, driver } = run;
  const { scenario } = options;
  const gates = scenario.gates.filter((gate) => !run.leftOut.some((one) => one.gate === gate));
  const { durability } = driver.capabilities;
  const checked = checkRun(historyOf(run));
  const instrument = readInstrument(run);
  const evaluation = evaluateGates({ scenario: { ...scenario, gates }, run: checked, instrument });
  const described = describeRun(checked, scenario);
  const definitions = METRICS.map(({ name, definition }) => [name, definition]);
  return {
    gauntletResults: RESULTS_VERSION,
    run: {
      id: context.nonce,
      startedAt: new Date(run.startedAtMs).toISOString(),
      repetition: options.repetition,
      scenario: {
        name: scenario.name,
        description: scenario.description,
        tags: [...scenario.tags],
        path: scenario.source.path,
        source: scenario.source.text,
        sha256: createHash('sha256').update(scenario.source.text).digest('hex'),
      },
      seed: scenario.seed,
      nonce: context.nonce,
      driver: {
        name: driver.name,
        version: driver.version,
        options: { ...scenario.system.options },
        ...(durability !== undefined && { durability }),
      },
      environment: {
        kind: run.environment.kind,
        ...describeRedis(scenario.environment.redis),
      },
      versions: { gauntlet: gauntletVersion(), ...run.environment.versions, node: process.versions.node },
      machine: describeMachine(),
      gitCommit: gitCommit(dirname(scenario.source.path)),
      command: options.command,
      stagesMs: run.stages.durationsMs(),
    },
    verdict: evaluation.verdict,
    reason: evaluation.reason,
    gates: [...evaluation.gates],
    gatesLeftOut: run.leftOut.map(({ gate, reason }) => ({ expression: gate.text, reason })),
    ...described,
    events: run.events.list(),
    ...(run.autoscaling && { scaling: run.autoscaling.describe(startNs, fleet.readyConsumers(run.endNs)) }),
    series: { ...described.series, ...monitor.columns(startNs, described.series.atMs.length) },
    instrument: {
      ...described.instrument,
      probeStallMaxMs: largest(probe.stalls.map(({ fromNs, untilNs }) => (untilNs - fromNs) / NS_PER_MS)),
      stealMax: largest(probe.slices.map(({ stealShare }) => stealShare)),
      clock: 'process.hrtime: one monotonic clock for all processes',
      problems: [...evaluation.problems],
    },
    system: fleet.gauges(),
    logs: (await readdir(context.logDir)).sort().map((name) => `logs/${name}`),
    definitions: Object.fromEntries(definitions),
  };
}

function describeRedis({ topology, replicas, masters, sentinel, config }: RedisSpec) {
  return {
    topology,
    replicas,
    ...(masters !== undefined && { masters }),
    ...(sentinel !== undefined && { sentinels: sentinel.count }),
    redisConfig: { ...config },
  };
}

function historyOf(run: FinishedRun): RunHistory {
  const { plan, context, startNs, endNs, drained, fleet, timeline, driver, options } = run;
  const files = fleet.ledgerFiles();
  const faults = timeline.records();
  return {
    plan,
    nonce: context.nonce,
    startNs,
    endNs,
    files,
    inventory: drained.inventory,
    consumers: fleet.readyConsumers(endNs),
    incidents: [...fleet.incidents(endNs), ...cutOffIncidents(faults, options.scenario, files, endNs)],
    crashes: fleet.crashes(),
    faults,
    publishDeadlineMs: options.scenario.load.message.publishDeadlineMs,
    maxAttempts: driver.capabilities.maxAttempts,
    redeliveryAfterMs: driver.capabilities.redeliveryAfterMs,
  };
}
