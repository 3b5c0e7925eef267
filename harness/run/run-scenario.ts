import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Results } from '../../reports/results.js';
import { type Clock, NS_PER_MS, NS_PER_SEC } from '../clock.js';
import { refuseLacks } from '../drivers/consumer-lacks.js';
import { Disposal } from '../environment/disposal.js';
import type { Environment } from '../environment/environment.js';
import { EnvironmentError } from '../environment/environment-error.js';
import { removeRunKeys } from '../environment/run-keys.js';
import { createRunRegistry, type RunRegistry } from '../environment/run-registry.js';
import type { InjectionEvent } from '../faults/injection.js';
import { checkTargets } from '../faults/targets.js';
import { runTimeline } from '../faults/timeline.js';
import { connectToxiproxy } from '../faults/toxiproxy.js';
import { leftOutWith } from '../gates/measurable.js';
import { planLoad } from '../load/plan.js';
import { prepareSystem } from '../load/prepare-system.js';
import { Probe } from '../load/probe.js';
import { readInventory } from '../load/read-inventory.js';
import type { RunContext } from '../load/run-context.js';
import { randomNonce } from '../random.js';
import { consumerLimits } from '../scenario/consumer-limits.js';
import type { Scenario } from '../scenario/scenario.js';
import { Autoscaling } from './autoscaling.js';
import { abortable, drainSystem } from './drain-system.js';
import { EventLog } from './event-log.js';
import { judge } from './judge.js';
import { LiveView } from './live-view.js';
import { Monitor } from './monitor.js';
import type { Progress } from './progress.js';
import { StageTimer } from './stage-timer.js';
import { type RunTarget, startEnvironment } from './start-environment.js';
import { WorkerFleet } from './worker-fleet.js';

/** Between the last worker's "ready" and the first intended send. */
const LEAD_NS = 0.3 * NS_PER_SEC;

export interface ScenarioOptions {
  readonly scenario: Scenario;
  readonly repetition: number;
  /** The scenario's own folder below the report folder; logs go to `logs/` in it. */
  readonly reportDir: string;
  readonly target: RunTarget;
  readonly command: string;
  readonly progress: Progress;
  readonly clock: Clock;
}

/**
 * One run: provision, prepare, load beside faults, drain, judge, and clear up, which happens whatever goes wrong.
 * Rejects with a HarnessError when there is no verdict to give: the environment could not be provided or broke though
 * nobody asked it to, the driver could not start, or the run was interrupted.
 */
export async function runScenario(options: ScenarioOptions, userSignal: AbortSignal): Promise<Results> {
  userSignal.throwIfAborted();
  const { scenario, clock, progress } = options;
  const stages = new StageTimer(clock);
  const events = new EventLog(clock, progress);
  const broken = new AbortController();
  const signal = AbortSignal.any([userSignal, broken.signal]);

  stages.enter('provision');
  progress.stage('starting Redis and Toxiproxy');
  await using registry = await createRunRegistry({ clock });
  const logDir = join(options.reportDir, 'logs');
  await using environment = await startEnvironment(
    { target: options.target, scenario, registry, logDir, clock, log: progress.stage },
    signal,
  );
  await checkTargets(scenario.faults, environment);
  environment.onUnexpectedExit((exit) => {
    // Told once, by the error: there will be no report to list it as an event.
    broken.abort(
      new EnvironmentError(
        'server-ended',
        `${exit.process} ended though no fault asked it to (${exit.signal ?? `exit code ${exit.code}`}). The end of its log in ${logDir}:\n${exit.logTail}`,
      ),
    );
  });

  stages.enter('prepare');
  progress.stage('preparing the system and the workers');
  const plan = planLoad(scenario);
  const context = await createContext(options, registry, environment, logDir);
  await using disposal = new Disposal();
  // Own servers go with all that is in them.
  if (environment.kind === 'external') disposal.defer(() => removeKeys(environment, context.topic, progress));
  const driver = await prepareSystem(context, signal);
  refuseLacks(scenario.consumers, driver);
  const leftOut = leftOutWith(scenario.gates, driver);
  for (const { gate, reason } of leftOut) events.add('harness', `the gate ${gate.text} is left out: ${reason}`);
  if (driver.capabilities.inventory) await refuseLeftovers(context, signal);
  await using probe = new Probe(context, (slice) => monitor.steal(slice.fromNs, slice.stealShare));
  await using fleet = new WorkerFleet(context, {
    onStats: (worker, stats) => monitor.eventLoop(worker, stats.eventLoopMaxMs),
    onNotStarted: (worker, reason) => events.add('worker', `${worker} could not be started: ${reason}`),
    onEnd: (end) => end.reason !== 'finished' && events.add('worker', `${end.worker}: ${end.detail}`),
  });
  await using monitor = new Monitor(environment.nodes[0]!, () => pidsOf(environment, fleet), clock);
  await abortable(fleet.start(), signal);
  const autoscaling = scenario.consumers.autoscale && scalingOf(scenario, fleet, events, clock);
  if (autoscaling !== undefined) await abortable(fleet.startAutoscaler(autoscaling.onMessage), signal);

  stages.enter('load');
  const startNs = clock.nowNs() + LEAD_NS;
  const startedAtMs = clock.wallMs();
  events.begin(startNs);
  fleet.begin(startNs);
  await using timeline = runTimeline(
    {
      faults: scenario.faults,
      plan,
      startNs,
      clock,
      context: {
        environment,
        toxiproxy: connectToxiproxy(environment.toxiproxy),
        workers: fleet,
        clock,
        log: (message) => events.add('fault', message),
      },
      onEvent: (event) => events.add('fault', describeInjection(event)),
    },
    signal,
  );
  using live = new LiveView({ plan, startNs, fleet, timeline, progress, clock });
  await clock.sleep(Math.max(0, (startNs + plan.endNs - clock.nowNs()) / NS_PER_MS), signal);

  stages.enter('drain');
  live.stage('draining');
  await timeline.liftAll();
  await abortable(fleet.stopAutoscaler(), signal);
  const drained = await drainSystem({ scenario, context, driver, fleet, startNs, clock, live }, signal);
  const endNs = clock.nowNs();
  signal.throwIfAborted();

  stages.enter('judge');
  live.stage('judging');
  return judge({
    options,
    context,
    environment,
    driver,
    leftOut,
    plan,
    startNs,
    endNs,
    startedAtMs,
    drained,
    fleet,
    autoscaling,
    probe,
    monitor,
    timeline,
    events,
    stages,
  });
}

async function createContext(
  { scenario, clock }: ScenarioOptions,
  registry: RunRegistry,
  environment: Environment,
  logDir: string,
): Promise<RunContext> {
  const nonce = randomNonce();
  const ledgerDir = join(registry.dir, 'ledger');
  await mkdir(ledgerDir, { recursive: true });
  return {
    scenario,
    nonce,
    topic: `gauntlet-${nonce}`,
    group: 'gauntlet',
    endpoints: environment.endpoints,
    ownEndpoints: environment.ownEndpoints,
    ledgerDir,
    logDir,
    registry,
    clock,
  };
}

function scalingOf({ consumers }: Scenario, fleet: WorkerFleet, events: EventLog, clock: Clock): Autoscaling {
  return new Autoscaling({
    limits: consumerLimits(consumers),
    scale: (count) => fleet.scaleConsumers(count),
    log: (text) => events.add('driver', text),
    clock,
  });
}

/** Its workers have ended by then. What cannot be removed takes nothing from the verdict. */
async function removeKeys({ nodes }: Environment, topic: string, progress: Progress): Promise<void> {
  for (const { name, direct } of nodes) {
    await removeRunKeys(direct, topic).catch((error: Error) =>
      progress.event(`Keys with ${topic} in their names may be left in ${name}: ${error.message}`),
    );
  }
}

/** The topic is the run's own: whatever lies in it now was put there by somebody else, or invented by the driver. */
async function refuseLeftovers(context: RunContext, signal: AbortSignal): Promise<void> {
  const before = await readInventory(context, signal);
  const found = before.items.reduce((sum, item) => sum + item.copies, 0);
  if (before.problem === undefined && found === 0) return;
  throw new EnvironmentError(
    'not-empty',
    `The inventory of topic ${context.topic} must be empty before the run: ${before.problem ?? `it holds ${found} messages`}. Let the driver's prepare() create an empty topic.`,
  );
}

function pidsOf(environment: Environment, fleet: WorkerFleet): Map<string, number> {
  const pids = fleet.pids();
  for (const { name, process } of environment.nodes) if (process?.pid !== undefined) pids.set(name, process.pid);
  return pids;
}

function describeInjection({ fault, what, text }: InjectionEvent): string {
  return `${fault} ${what.replaceAll('-', ' ')}: ${text}`;
}
