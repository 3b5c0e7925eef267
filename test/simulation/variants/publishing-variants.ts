import { ReplicaNeed } from '../../../broker/log/replica-need.js';
import { RetainedFrames } from '../../../broker/log/retained-frames.js';
import { REPLICATED, replaceMethod, type Variant } from './variant.js';

/** What publishing cannot do without. */
export const PUBLISHING_VARIANTS: readonly Variant[] = [
  {
    name: 'publish-compares-first-with-last',
    rule: 'publish compares what the producer knows to be stored, instead of "first must be last + 1"',
    seed: 1,
    breaks: ['no-wedge', 'nothing-lost'],
    bias: { profiles: ['connections', 'pauses'], overrides: { publishTimeoutMs: 800, breakShare: 0.01 } },
    scripts: [['log/publish.lua', 'stored == prev and first > stored', 'first == stored + 1']],
  },
  {
    name: 'publish-unconfirmed',
    rule: 'in `replicated` a message is accepted when WAIT has confirmed it',
    seed: 1,
    breaks: ['nothing-lost'],
    bias: { profiles: ['dying-producers'], overrides: { ...REPLICATED, replicas: 1 } },
    patch: () => replaceMethod(ReplicaNeed.prototype, 'of', () => () => 0),
  },
  {
    name: 'publish-confirmed-by-one',
    rule: 'all replicas confirm a message: one of two is not enough',
    seed: 2,
    breaks: ['nothing-lost'],
    bias: { profiles: ['dying-producers'], overrides: { ...REPLICATED, replicas: 2 } },
    patch: () =>
      replaceMethod(ReplicaNeed.prototype, 'of', (of) => {
        return function (this: ReplicaNeed, master) {
          return Math.min(1, of.call(this, master));
        };
      }),
  },
  {
    name: 'returned-replicas-unseen',
    rule: 'a replica that is back although it counts as down does not confirm in place of one that counts',
    seed: 88,
    breaks: ['nothing-lost'],
    bias: { profiles: ['dying-producers'], overrides: { ...REPLICATED, replicas: 2 } },
    patch: () => replaceMethod(ReplicaNeed.prototype, 'isReduced', () => () => false),
  },
  {
    name: 'fewer-meanwhile-unasked',
    rule: 'of what was sent for all replicas, fewer are enough only if the master was asked whom it hears',
    seed: 376,
    breaks: ['nothing-lost'],
    bias: {
      profiles: ['dying-producers'],
      overrides: { ...REPLICATED, replicas: 2, lagMs: 800, replyTimeoutMs: 1_000 },
    },
    patch: () =>
      replaceMethod(ReplicaNeed.prototype, 'judge', (judge) => {
        return function (this: ReplicaNeed, master, answer) {
          return judge.call(this, master, { ...answer, heard: answer.heard ?? 0 });
        };
      }),
  },
  {
    name: 'no-replay',
    rule: 'a producer sends again what a failover has lost',
    seed: 1,
    breaks: ['nothing-lost'],
    bias: { profiles: ['failovers'], overrides: { lagMs: 400, replicas: 1, durability: 'leader' } },
    patch: () =>
      replaceMethod(RetainedFrames.prototype, 'rewind', (rewind) => {
        return function (this: RetainedFrames, stored) {
          const lost = rewind.call(this, stored);
          this.clear();
          return lost;
        };
      }),
  },
  {
    name: 'frames-appended-unseen',
    rule: 'publish appends a frame only behind what its producer knows to be stored',
    seed: 2,
    breaks: ['stored-once', 'handled-once'],
    bias: { profiles: ['connections'], overrides: { breakShare: 0.02 } },
    scripts: [
      ['log/publish.lua', 'if stored >= last then', 'if false then'],
      ['log/publish.lua', 'stored == prev and first > stored', 'true'],
    ],
  },
  {
    name: 'application-ids-unknown',
    rule: 'publish compares application ids with those of the window',
    seed: 1,
    breaks: ['stored-once'],
    bias: { profiles: ['connections'], overrides: { dedupeShare: 1, skewMs: 0 } },
    scripts: [['log/publish.lua', 'if answers[i] == 1 then', 'if false then']],
  },
  {
    name: 'pruned-by-any-clock',
    rule: 'rows of producers go by a clock that was seen to go on',
    seed: 1,
    breaks: ['stored-once', 'handled-once', 'nothing-lost'],
    bias: {
      profiles: ['pruning'],
      overrides: {
        faults: [
          { kind: 'producers-pruned', atMs: 1_000, shard: 0 },
          { kind: 'server-clock-stepped', atMs: 2_000, shard: 0, byMs: 25 * 3_600_000 },
          { kind: 'producers-pruned', atMs: 2_001, shard: 0 },
        ],
      },
    },
    scripts: [['log/prune-producers.lua', 'if now - since < idle then return 0 end', '']],
  },
];
