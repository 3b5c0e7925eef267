import { mutatedScripts } from '../variants/mutate-scripts.js';
import type { Variant } from '../variants/variant.js';
import { Scheduler } from '../world/scheduler.js';
import { World } from '../world/world.js';
import { Member, Producer } from './actors.js';
import { FaultInjector } from './fault-injector.js';
import type { Fault } from './fault-plan.js';
import { FencedWrites } from './fenced-writes.js';
import { finalInventory } from './final-inventory.js';
import { checkEnd } from './invariants.js';
import { Journal, type Violation } from './journal.js';
import { redriveAll } from './operator.js';
import type { Plan } from './plan.js';
import { connect, type Stage, TOPIC } from './stage.js';

export interface ScheduleResult {
  readonly plan: Plan;
  readonly violations: readonly Violation[];
  readonly events: number;
  readonly simulatedMs: number;
  readonly accepted: number;
  readonly handlings: number;
  /** Dead letters that were put back. */
  readonly redriven: number;
  /** Deaths of members that messages were the cause of. */
  readonly deaths: number;
  /** Faults that began, by kind. */
  readonly faults: ReadonlyMap<Fault['kind'], number>;
}

const SETUP_LIMIT_MS = 30_000;
/** Deadlines, retries, leases and resynchronizations all end well within. */
const DRAIN_LIMIT_MS = 90_000;
/** Settlements are gathered, positions trimmed, late packets arrive. */
/** After that everybody has noticed that all is well. */
const NOTICED_MS = 4_000;
const QUIET_MS = 1_500;
const DOWN_AFTER_MS = 1_000;

export interface ScheduleOptions {
  /** Sees each step. */
  readonly onTrace?: ((line: string) => void) | undefined;
  /** A rule that is switched off. */
  readonly variant?: Variant | undefined;
}

/** Runs one schedule from its seed's plan to its end. */
export async function runSchedule(plan: Plan, { onTrace, variant }: ScheduleOptions = {}): Promise<ScheduleResult> {
  const scheduler = new Scheduler();
  const undo = variant?.patch?.(() => scheduler);
  try {
    return await perform(plan, scheduler, variant === undefined ? NO_CHANGES : mutatedScripts(variant), onTrace);
  } finally {
    undo?.();
  }
}

const NO_CHANGES: ReadonlyMap<string, string> = new Map();

async function perform(
  plan: Plan,
  scheduler: Scheduler,
  scripts: ReadonlyMap<string, string>,
  onTrace: ScheduleOptions['onTrace'],
): Promise<ScheduleResult> {
  const { seed, topology, shards, replicas, waitsFor, zombieMs, dropsClients, breakShare, latencyMs } = plan;
  const journal = new Journal(() => scheduler.nowMs);
  const world = new World({
    seed,
    topology,
    shards,
    replicas,
    waitsFor,
    zombieMs,
    dropsClients,
    breakShare: 0,
    downAfterMs: DOWN_AFTER_MS,
    latency: { baseMs: 0.05, jitterMs: latencyMs, tailShare: 0, tailMs: 0 },
    scheduler,
    scripts,
    onScript: new FencedWrites(journal).onScript,
    onTrace,
  });
  const stage: Stage = { plan, world, journal, random: world.random('stage') };
  let injector: FaultInjector | undefined;
  const result = (): ScheduleResult => ({
    plan,
    violations: journal.violations,
    events: scheduler.count,
    simulatedMs: scheduler.nowMs,
    accepted: [...journal.published.values()].filter(({ outcome }) => outcome === 'accepted').length,
    handlings: journal.handlings.length,
    redriven: journal.redriven,
    deaths: [...journal.deathsOf.values()].reduce((sum, deaths) => sum + deaths, 0),
    faults: injector?.counts ?? new Map(),
  });

  if (!(await until(world, SETUP_LIMIT_MS, createTopic(stage)))) {
    journal.violation('no-wedge', 'the topic was not created');
    return result();
  }
  for (const node of world.nodes) {
    node.replication.lag = { baseMs: 0.2, jitterMs: plan.lagMs };
    node.clockStepMs = (stage.random() - 0.5) * plan.skewMs;
  }
  world.breakShare = breakShare;

  const producers = Array.from({ length: plan.producers }, (_, i) => new Producer(stage, `p${i}`));
  const members = Array.from({ length: plan.members }, (_, i) => new Member(stage, `m${i}`));
  const actors = [...producers, ...members];
  for (const actor of actors) actor.start();
  injector = new FaultInjector(stage, actors);
  for (const [i, ms] of plan.redrivesMs.entries()) {
    if (plan.failureShare === 0) break;
    scheduler.after(ms, () => void redriveAll(stage, `operator-${i}`).catch((error) => scheduler.fail(error)));
  }
  await scheduler.run(scheduler.nowMs + plan.activeMs, () => false);

  world.trace(() => 'all faults are lifted');
  for (const producer of producers) producer.stop();
  injector.lift();
  const isQuiet = () => !journal.hasOpen && producers.every(({ isDone }) => isDone);
  await scheduler.run(scheduler.nowMs + DRAIN_LIMIT_MS, isQuiet);
  await scheduler.run(scheduler.nowMs + DRAIN_LIMIT_MS, () => world.authorities.every(({ isHealthy }) => isHealthy));
  await scheduler.run(scheduler.nowMs + NOTICED_MS, () => false);
  // Until a message that kills is set aside the log is kept from it on, and may be full.
  if (plan.killers.length > 0) await settled(stage);
  for (const producer of producers) producer.probe();
  await scheduler.run(scheduler.nowMs + DRAIN_LIMIT_MS, isQuiet);
  for (const producer of producers) {
    if (!producer.isDone) journal.violation('no-wedge', `${producer.process.name} has messages without an outcome`);
  }
  // What nobody acknowledged may be stored nevertheless: it is handled, too.
  await settled(stage);
  checkEnd(stage);
  const closing = Promise.all(actors.filter(({ process }) => !process.isKilled).map((actor) => actor.close()));
  if (!(await until(world, SETUP_LIMIT_MS, closing))) journal.violation('no-wedge', 'brokers do not close');
  return result();
}

/** Resolves when nothing is left to be handled, or that takes too long. */
async function settled(stage: Stage): Promise<void> {
  const { scheduler } = stage.world;
  const untilMs = scheduler.nowMs + DRAIN_LIMIT_MS;
  do await scheduler.run(scheduler.nowMs + QUIET_MS, () => false);
  while (finalInventory(stage).unsettled.size > 0 && scheduler.nowMs < untilMs);
}

async function createTopic(stage: Stage): Promise<void> {
  const process = stage.world.process('setup', 1, 0);
  const broker = await connect(stage, process);
  await broker.createTopic(TOPIC, { partitions: stage.plan.partitions });
  await broker.close();
  process.kill();
  const isReady = () => stage.world.authorities.every(({ isHealthy }) => isHealthy);
  await new Promise<void>((resolve) => {
    const look = () => (isReady() ? resolve() : void stage.world.scheduler.after(50, look));
    look();
  });
}

/** Lets simulated time pass until `work` is done; false where `limitMs` pass first. */
export async function until(world: World, limitMs: number, work: Promise<unknown>): Promise<boolean> {
  let isDone = false;
  work.then(
    () => {
      isDone = true;
    },
    (error) => world.scheduler.fail(error),
  );
  await world.scheduler.run(world.scheduler.nowMs + limitMs, () => isDone);
  return isDone;
}
