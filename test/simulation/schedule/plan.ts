import type { Durability, OnReplicaLoss } from '../../../broker/log/message.js';
import type { Random } from '../../../broker/random.js';
import { seededRandom } from '../../../harness/random.js';
import { type Fault, faultsOf, PROFILES, type Profile } from './fault-plan.js';

/** Everything that a seed decides before a schedule begins. */
export interface Plan {
  readonly seed: number;
  readonly profile: Profile;
  readonly topology: 'standalone' | 'sentinel' | 'cluster';
  readonly shards: number;
  readonly replicas: number;
  readonly durability: Durability;
  readonly onReplicaLoss: OnReplicaLoss;
  /** Of WAIT: see NodeOptions. */
  readonly waitsFor: 'all' | 'own';
  readonly dropsClients: boolean;
  readonly zombieMs: number;
  readonly partitions: number;
  readonly keys: number;
  /** Of each producer. */
  readonly messages: number;
  readonly producers: number;
  readonly members: number;
  readonly maxFrameMessages: number;
  /** Of the keyless messages: those with an application id, of which there are few. */
  readonly dedupeShare: number;
  readonly maxLogBytes: number;
  readonly maxReplayBytes: number;
  readonly publishTimeoutMs: number;
  readonly replyTimeoutMs: number;
  /** Between two publishes of a producer. */
  readonly publishEveryMs: number;
  readonly handlerMs: number;
  readonly failureShare: number;
  /** Members drain while a handler of theirs takes long. */
  readonly drains: boolean;
  /** When somebody puts the group's dead letters back. */
  readonly redrivesMs: readonly number[];
  /** Messages that end the process that handles them: the `n`-th of producer `p`, as `p-n`. */
  readonly killers: readonly string[];
  readonly settleDelayMs: number;
  readonly latencyMs: number;
  /** Of replicas, usually. */
  readonly lagMs: number;
  readonly breakShare: number;
  /** How much later some processes learn who is master. */
  readonly directoryDelayMs: number;
  /** Between the clocks of servers. */
  readonly skewMs: number;
  /** Of the clocks of processes, at most. */
  readonly drift: number;
  readonly faults: readonly Fault[];
  /** Faults and publishing end then. */
  readonly activeMs: number;
}

/** What a variant wants to see more of. */
export interface PlanBias {
  readonly profiles?: readonly Profile[];
  readonly overrides?: Partial<Plan>;
}

export function planOf(seed: number, { profiles = PROFILES, overrides = {} }: PlanBias = {}): Plan {
  const random = seededRandom(seed, 'plan');
  const profile = pick(random, profiles);
  const replicas = overrides.replicas ?? pick(random, [0, 1, 1, 1, 2, 2]);
  const topology =
    overrides.topology ?? (replicas === 0 ? 'standalone' : pick(random, ['sentinel', 'cluster'] as const));
  const durability =
    replicas === 0 ? 'leader' : pick(random, ['replicated', 'replicated', 'replicated', 'leader'] as const);
  const producers = pick(random, [1, 2, 2]);
  const members = pick(random, [2, 2, 3]);
  const activeMs = 4_000 + random() * 6_000;
  const base: Omit<Plan, 'faults'> = {
    seed,
    profile,
    topology,
    shards: topology === 'cluster' ? pick(random, [1, 2]) : 1,
    replicas,
    durability,
    onReplicaLoss: pick(random, ['survivors', 'survivors', 'block', 'degrade'] as const),
    waitsFor: pick(random, ['all', 'own'] as const),
    dropsClients: topology === 'sentinel' ? random() < 0.7 : random() < 0.2,
    zombieMs: pick(random, [100, 1_000, 4_000]),
    partitions: pick(random, [1, 1, 2, 3]),
    keys: pick(random, [1, 2, 4]),
    messages: Math.floor(20 + random() * 40),
    producers,
    members,
    maxFrameMessages: pick(random, [2, 4, 1024]),
    publishTimeoutMs: pick(random, [800, 3_000, 20_000]),
    dedupeShare: pick(random, [0, 0.5]),
    maxLogBytes: pick(random, [2 ** 30, 2 ** 30, 3_000]),
    maxReplayBytes: pick(random, [2 ** 26, 2 ** 26, 2_000]),
    replyTimeoutMs: pick(random, [1_000, 1_000, 3_000]),
    publishEveryMs: 0,
    handlerMs: pick(random, [0, 5, 40, 300]),
    settleDelayMs: pick(random, [10, 10, 200]),
    failureShare: pick(random, [0, 0.1, 0.3]),
    latencyMs: pick(random, [0.2, 0.2, 2, 10]),
    lagMs: pick(random, [0.5, 5, 80, 400]),
    breakShare: pick(random, [0, 0, 0.002, 0.01]),
    directoryDelayMs: pick(random, [10, 300, 1_500]),
    skewMs: pick(random, [0, 0, 50, 5_000]),
    drift: pick(random, [0, 0.001, 0.02]),
    // Of its own: what seeds decided before it came stays the same.
    drains: seededRandom(seed, 'drains')() < 0.5,
    redrivesMs: redrivesOf(seed, activeMs),
    killers: killersOf(seed, producers),
    activeMs,
    ...overrides,
  };
  return {
    ...base,
    publishEveryMs: base.publishEveryMs || activeMs / base.messages,
    faults: overrides.faults ?? faultsOf(base, random),
  };
}

export function pick<T>(random: Random, values: readonly T[]): T {
  return values[Math.floor(random() * values.length)]!;
}

/** Of a stream of its own, too. */
function redrivesOf(seed: number, activeMs: number): number[] {
  const random = seededRandom(seed, 'redrives');
  return random() < 0.5 ? [] : [0.2 + 0.8 * random(), 1].map((share) => share * activeMs);
}

/** And this: none in half of the schedules, since each costs a few deaths. */
function killersOf(seed: number, producers: number): string[] {
  const random = seededRandom(seed, 'killers');
  const count = pick(random, [0, 0, 1, 2]);
  return Array.from({ length: count }, () => `p${Math.floor(random() * producers)}-${Math.floor(random() * 30)}`);
}
