import { ConfirmedPipeline } from '../../../broker/groups/confirmed-pipeline.js';
import { Lease } from '../../../broker/groups/lease.js';
import { Tenure } from '../../../broker/groups/tenure.js';
import { ReplicaLosses } from '../../../broker/redis/replica-losses.js';
import { scriptSource } from './mutate-scripts.js';
import { REPLICATED, replaceMethod, type Variant } from './variant.js';

const HISTORY_COMPARED = 'or row[3] ~= history then';
const OWN_ROW = 'row[1] ~= ARGV[1] or row[2] ~= ARGV[2] or row[3] ~= history';
const OWN_LEASE = 'lease[1] ~= ARGV[1] or lease[2] ~= ARGV[2] or lease[3] ~= history';
const ACQUIRE = scriptSource('groups/acquire.lua');
const RENEW = scriptSource('groups/renew.lua');

/** Pipelines of only this script ask for other confirmations. */
function confirmedBy(source: string, confirmations: (replicas: number) => number): () => void {
  return replaceMethod(ConfirmedPipeline.prototype, 'send', (send) => {
    return function (this: ConfirmedPipeline, calls, replicas, onDone) {
      const isMeant = calls.every(({ script }) => script.source === source);
      send.call(this, calls, isMeant ? confirmations(replicas) : replicas, onDone);
    };
  });
}

/** Owners have always something to handle. */
const BUSY = { partitions: 1, keys: 4, handlerMs: 200, messages: 200 } as const;

/** What ownership cannot do without: leases, fencing, histories. */
export const OWNERSHIP_VARIANTS: readonly Variant[] = [
  {
    name: 'acquisitions-unconfirmed',
    rule: 'an acquisition counts when the replicas have confirmed it',
    seed: 3,
    breaks: ['one-owner'],
    bias: {
      profiles: ['handovers', 'partitions'],
      overrides: { ...BUSY, members: 3, replicas: 1, lagMs: 400, directoryDelayMs: 10 },
    },
    patch: () => confirmedBy(ACQUIRE, () => 0),
  },
  {
    name: 'acquisitions-confirmed-by-one',
    rule: 'as many replicas as for publishing confirm an acquisition: one of two is not enough',
    seed: 11,
    breaks: ['one-owner'],
    bias: {
      profiles: ['handovers'],
      overrides: { ...BUSY, members: 3, replicas: 2, lagMs: 800, directoryDelayMs: 10 },
    },
    patch: () => confirmedBy(ACQUIRE, (replicas) => Math.min(1, replicas)),
  },
  {
    name: 'renewals-unconfirmed',
    rule: 'a renewal counts when the replicas have confirmed it',
    seed: 8,
    breaks: ['one-owner'],
    bias: {
      profiles: ['handovers', 'partitions'],
      overrides: { ...BUSY, members: 3, replicas: 1, directoryDelayMs: 10 },
    },
    patch: () => confirmedBy(RENEW, () => 0),
  },
  {
    name: 'challenger-counts-from-sending',
    rule: 'a challenger counts from the receipt of the first reply that shows the row',
    seed: 7,
    breaks: ['one-owner'],
    bias: {
      profiles: ['late-challengers'],
      overrides: { ...BUSY, members: 2, replyTimeoutMs: 3_000, latencyMs: 0.2, breakShare: 0 },
    },
    patch: () => {
      let sentMs: number | undefined;
      const undoSend = replaceMethod(ConfirmedPipeline.prototype, 'send', (send) => {
        return function (this: ConfirmedPipeline, calls, replicas, onDone) {
          send.call(this, calls, replicas, (outcome) => {
            sentMs = outcome.sentMs;
            onDone(outcome);
            sentMs = undefined;
          });
        };
      });
      const undoForeign = replaceMethod(Lease.prototype, 'onForeign', (onForeign) => {
        return function (this: Lease, row, receivedMs) {
          onForeign.call(this, row, sentMs ?? receivedMs);
        };
      });
      return () => {
        undoSend();
        undoForeign();
      };
    },
  },
  {
    name: 'no-deadline-before-dispatch',
    rule: 'the owner looks at its deadline right before each dispatch',
    seed: 4,
    breaks: ['one-owner'],
    bias: { profiles: ['sleeps'], overrides: { ...BUSY, members: 2 } },
    patch: () =>
      replaceMethod(Tenure.prototype, 'mayHandle', () => {
        return function (this: Tenure) {
          return !this.isOver && this.link.isOpen;
        };
      }),
  },
  {
    name: 'scripts-ignore-history',
    rule: 'every fenced script compares the history of its server with that of the tenure',
    seed: 40,
    breaks: ['nothing-lost', 'order'],
    bias: {
      profiles: ['sleeping-bounces'],
      overrides: {
        ...BUSY,
        topology: 'cluster',
        shards: 1,
        replicas: 1,
        dropsClients: false,
        zombieMs: 100,
        lagMs: 800,
        settleDelayMs: 200,
        durability: 'leader',
        skewMs: 5_000,
        handlerMs: 5,
      },
    },
    scripts: [
      ['groups/settle.lua', 'or lease[3] ~= history then', 'then'],
      ['groups/renew.lua', HISTORY_COMPARED, 'then'],
    ],
  },
  {
    name: 'settlements-unfenced',
    rule: 'settle.lua compares owner and token with the lease',
    seed: 9,
    breaks: ['one-writer'],
    bias: { profiles: ['sleeps', 'pauses'], overrides: { ...BUSY, members: 2, handlerMs: 40 } },
    scripts: [['groups/settle.lua', OWN_LEASE, 'lease[3] ~= history']],
  },
  {
    name: 'renewals-unfenced',
    rule: 'renew.lua compares owner and token with the lease',
    seed: 4,
    breaks: ['one-writer', 'one-owner'],
    bias: { profiles: ['sleeps', 'pauses'], overrides: { ...BUSY, members: 2, handlerMs: 40 } },
    scripts: [['groups/renew.lua', OWN_ROW, 'row[3] ~= history']],
  },
  {
    name: 'stale-census',
    rule: 'what the authority said of replicas counts only while it is fresh',
    seed: 11,
    breaks: ['one-owner', 'nothing-lost'],
    bias: {
      profiles: ['returning-replicas'],
      overrides: { ...BUSY, ...REPLICATED, members: 3, replicas: 1, activeMs: 12_000, messages: 400 },
    },
    patch: () => {
      const heard = new WeakMap<ReplicaLosses, readonly string[]>();
      return replaceMethod(ReplicaLosses.prototype, 'census', (census) => {
        return function (this: ReplicaLosses, input) {
          const known = input.heard ?? heard.get(this);
          if (known !== undefined) heard.set(this, known);
          return census.call(this, { ...input, isAuthorityFresh: true, heard: known });
        };
      });
    },
  },
];
