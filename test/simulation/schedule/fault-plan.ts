import type { Random } from '../../../broker/random.js';
import type { Plan } from './plan.js';

const DAY_MS = 86_400_000;

/** Kinds of faults that go together; the last ones each insist on one of them. */
export type Profile =
  | 'failovers'
  | 'pauses'
  | 'partitions'
  | 'connections'
  | 'clocks'
  | 'bounces'
  | 'slow'
  | 'everything'
  | 'handovers'
  | 'late-challengers'
  | 'sleeps'
  | 'sleeping-bounces'
  | 'kills'
  | 'dying-producers'
  | 'returning-replicas'
  | 'pruning';

export const PROFILES: readonly Profile[] = [
  'failovers',
  'pauses',
  'partitions',
  'connections',
  'clocks',
  'bounces',
  'slow',
  'everything',
  'everything',
];

/** A node by its place in its shard: `master` is whoever is named then. */
export type NodeChoice = 'master' | 'replica';

/** `node` faults take one node of a shard away, or its role: the next waits until the shard is whole again. */
export type Fault = { readonly atMs: number; readonly shard: number } & (
  | { readonly kind: 'node-killed'; readonly node: NodeChoice; readonly forMs: number }
  | { readonly kind: 'node-paused'; readonly node: NodeChoice; readonly forMs: number }
  /** With some of the processes on its side, which then do not reach the others either. */
  | { readonly kind: 'node-isolated'; readonly node: NodeChoice; readonly forMs: number; readonly companions: number }
  | { readonly kind: 'failover' }
  /** There and back again, before those who slept notice. */
  | { readonly kind: 'failover-twice'; readonly pauseMs: number }
  /** The same while a process sleeps, whose connections stay open. */
  | { readonly kind: 'bounce-while-paused'; readonly process: number }
  /** A member leaves; soon after, the master and some processes are cut off from the others, who go on at once. */
  | {
      readonly kind: 'handover-isolated';
      readonly process: number;
      readonly delayMs: number;
      readonly forMs: number;
      readonly companions: number;
    }
  /** What a process asks arrives late, once; meanwhile all others are cut off. */
  | {
      readonly kind: 'challenger-late';
      readonly process: number;
      readonly lateMs: number;
      readonly cutAfterMs: number;
      readonly forMs: number;
    }
  /** An owner does not see a replica return, which is the next master. */
  | { readonly kind: 'replica-back-unseen'; readonly process: number; readonly forMs: number }
  /** Both, the moment something is accepted. */
  | { readonly kind: 'master-killed-with-producer'; readonly process: number; readonly forMs: number }
  /** As an owner does once an hour. */
  | { readonly kind: 'producers-pruned' }
  | { readonly kind: 'replication-slow'; readonly forMs: number; readonly lagMs: number }
  | { readonly kind: 'replica-cut-off'; readonly forMs: number }
  | { readonly kind: 'memory-full'; readonly forMs: number }
  | { readonly kind: 'scripts-flushed' }
  | { readonly kind: 'server-clock-stepped'; readonly byMs: number }
  | { readonly kind: 'process-paused'; readonly process: number; readonly forMs: number }
  | { readonly kind: 'process-killed'; readonly process: number; readonly forMs: number }
  | { readonly kind: 'process-closed'; readonly process: number; readonly forMs: number }
  | { readonly kind: 'process-cut-off'; readonly process: number; readonly forMs: number }
  | { readonly kind: 'process-clock-stepped'; readonly process: number; readonly byMs: number }
  | { readonly kind: 'connections-reset'; readonly process: number }
  | { readonly kind: 'connections-silent'; readonly process: number }
  | { readonly kind: 'packets-slow'; readonly forMs: number; readonly tailMs: number }
);

type Kind = Fault['kind'];

const KINDS: Readonly<Record<Profile, readonly Kind[]>> = {
  failovers: [
    'node-killed',
    'node-isolated',
    'failover',
    'failover-twice',
    'replication-slow',
    'node-paused',
    'master-killed-with-producer',
  ],
  pauses: ['process-paused', 'process-paused', 'process-killed', 'process-closed', 'node-paused', 'process-cut-off'],
  partitions: [
    'node-isolated',
    'process-cut-off',
    'replica-cut-off',
    'node-isolated',
    'process-paused',
    'replica-back-unseen',
  ],
  connections: ['connections-reset', 'connections-silent', 'packets-slow', 'scripts-flushed', 'process-killed'],
  bounces: ['failover-twice', 'bounce-while-paused', 'handover-isolated', 'process-paused', 'replication-slow'],
  slow: ['challenger-late', 'packets-slow', 'challenger-late', 'process-paused', 'node-isolated'],
  clocks: [
    'server-clock-stepped',
    'process-clock-stepped',
    'producers-pruned',
    'failover',
    'node-killed',
    'process-paused',
  ],
  handovers: ['handover-isolated'],
  'late-challengers': ['challenger-late'],
  sleeps: ['process-paused'],
  'sleeping-bounces': ['bounce-while-paused'],
  kills: ['process-killed'],
  'dying-producers': ['master-killed-with-producer'],
  'returning-replicas': ['replica-back-unseen'],
  pruning: ['server-clock-stepped', 'producers-pruned', 'producers-pruned'],
  everything: [
    'node-killed',
    'node-paused',
    'node-isolated',
    'failover',
    'failover-twice',
    'bounce-while-paused',
    'handover-isolated',
    'challenger-late',
    'replication-slow',
    'replica-cut-off',
    'memory-full',
    'scripts-flushed',
    'server-clock-stepped',
    'process-paused',
    'process-killed',
    'process-closed',
    'process-cut-off',
    'process-clock-stepped',
    'connections-reset',
    'connections-silent',
    'packets-slow',
    'replica-back-unseen',
    'master-killed-with-producer',
    'producers-pruned',
  ],
};

/** Need somebody who can take over. */
const REPLICATED: ReadonlySet<Kind> = new Set<Kind>([
  'failover',
  'bounce-while-paused',
  'handover-isolated',
  'failover-twice',
  'node-isolated',
  'replication-slow',
  'replica-cut-off',
  'replica-back-unseen',
  'master-killed-with-producer',
]);

export function faultsOf(plan: Omit<Plan, 'faults'>, random: Random): Fault[] {
  const kinds = KINDS[plan.profile].filter((kind) => plan.replicas > 0 || !REPLICATED.has(kind));
  const count = 2 + Math.floor(random() * 5);
  const faults = Array.from({ length: count }, () => {
    const kind = kinds[Math.floor(random() * kinds.length)]!;
    return faultOf(kind, plan, random);
  });
  return faults.sort((a, b) => a.atMs - b.atMs);
}

function faultOf(kind: Kind, plan: Omit<Plan, 'faults'>, random: Random): Fault {
  const place = { atMs: 300 + random() * (plan.activeMs - 300), shard: Math.floor(random() * plan.shards) };
  const node: NodeChoice = plan.replicas === 0 || random() < 0.7 ? 'master' : 'replica';
  const process = Math.floor(random() * (plan.producers + plan.members));
  const member = plan.producers + Math.floor(random() * plan.members);
  const short = 50 + random() * 1_500;
  const long = 200 + random() * 5_000;
  const forMs = random() < 0.5 ? short : long;
  // Up to seconds, minutes, days.
  const byMs = (random() - 0.5) * (random() < 0.4 ? 2_000 : random() < 0.5 ? 200_000 : 4 * DAY_MS);
  switch (kind) {
    case 'node-killed':
    case 'node-paused':
      return { ...place, kind, node, forMs };
    case 'node-isolated':
      return { ...place, kind, node, forMs: long, companions: Math.floor(random() * 3) };
    case 'failover':
    case 'scripts-flushed':
    case 'producers-pruned':
      return { ...place, kind };
    case 'failover-twice':
      return { ...place, kind, pauseMs: 100 + random() * 1_500 };
    case 'replication-slow':
      return { ...place, kind, forMs: long, lagMs: 100 + random() * 1_500 };
    case 'bounce-while-paused':
      return { ...place, kind, process: member };
    case 'replica-back-unseen':
      // Long enough for another one to take over.
      return { ...place, kind, process: member, forMs: 3_000 + long };
    case 'master-killed-with-producer':
      return { ...place, kind, process: Math.floor(random() * plan.producers), forMs: 500 + long };
    case 'handover-isolated':
      return {
        ...place,
        kind,
        process,
        delayMs: random() * random() * 600,
        forMs: long,
        companions: 1 + Math.floor(random() * 3),
      };
    case 'challenger-late': {
      const lateMs = 700 + random() * 1_000;
      return { ...place, kind, process: member, lateMs, cutAfterMs: random() * lateMs, forMs: 500 + random() * 1_500 };
    }
    case 'replica-cut-off':
    case 'memory-full':
      return { ...place, kind, forMs };
    case 'server-clock-stepped':
      return { ...place, kind, byMs };
    case 'process-clock-stepped':
      return { ...place, kind, process, byMs };
    case 'process-paused':
    case 'process-killed':
    case 'process-closed':
    case 'process-cut-off':
      return { ...place, kind, process, forMs };
    case 'connections-reset':
    case 'connections-silent':
      return { ...place, kind, process };
    case 'packets-slow':
      return { ...place, kind, forMs: long, tailMs: 100 + random() * 900 };
  }
}
