import { ConfirmedPipeline } from '../../../broker/groups/confirmed-pipeline.js';
import { Lease } from '../../../broker/groups/lease.js';
import { OutcomeRecorder } from '../../../broker/groups/outcome-recorder.js';
import { Tenure } from '../../../broker/groups/tenure.js';
import { replaceMethod, type Variant } from './variant.js';

const HISTORY_COMPARED = 'or row[3] ~= history then';

/** Owners have always something to handle. */
const BUSY = { partitions: 1, keys: 4, handlerMs: 200, messages: 200 } as const;

/** Every rule that the design calls needed, each switched off alone. */
export const VARIANTS: readonly Variant[] = [
  {
    name: 'publish-compares-first-with-last',
    rule: 'publish compares what the producer knows to be stored, instead of "first must be last + 1"',
    breaks: ['no-wedge', 'nothing-lost'],
    bias: { profiles: ['connections', 'pauses'], overrides: { publishTimeoutMs: 800, breakShare: 0.01 } },
    scripts: [['log/publish.lua', 'stored == prev and first > stored', 'first == stored + 1']],
  },
  {
    name: 'leases-unconfirmed',
    rule: 'an acquisition counts when the replicas have confirmed it',
    breaks: ['one-owner'],
    bias: {
      profiles: ['handovers', 'partitions'],
      overrides: { ...BUSY, members: 3, replicas: 1, lagMs: 400, directoryDelayMs: 10 },
    },
    patch: () =>
      replaceMethod(ConfirmedPipeline.prototype, 'send', (send) => {
        return function (this: ConfirmedPipeline, calls, _replicas, onDone) {
          send.call(this, calls, 0, onDone);
        };
      }),
  },
  {
    name: 'leases-confirmed-by-one',
    rule: 'as many replicas as for publishing confirm an acquisition: one of two is not enough',
    breaks: ['one-owner'],
    bias: {
      profiles: ['handovers'],
      overrides: { ...BUSY, members: 3, replicas: 2, lagMs: 800, directoryDelayMs: 10 },
    },
    patch: () =>
      replaceMethod(ConfirmedPipeline.prototype, 'send', (send) => {
        return function (this: ConfirmedPipeline, calls, replicas, onDone) {
          send.call(this, calls, Math.min(1, replicas), onDone);
        };
      }),
  },
  {
    name: 'challenger-counts-from-sending',
    rule: 'a challenger counts from the receipt of the first reply that shows the row',
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
    name: 'settlements-without-compare',
    rule: 'each item of a settlement is a compare-and-set',
    breaks: ['dead-letter-once'],
    bias: { profiles: ['connections'], overrides: { failureShare: 0.6, breakShare: 0.02, maxFrameMessages: 4 } },
    scripts: [['groups/settle.lua', 'if not matches then', 'if false then']],
  },
  {
    name: 'log-before-retries',
    rule: 'a new owner takes up retries before it reads the log',
    breaks: ['order'],
    bias: {
      profiles: ['kills', 'sleeps'],
      overrides: { failureShare: 0.4, keys: 1, partitions: 1, messages: 100, handlerMs: 5 },
    },
    patch: (scheduler) =>
      replaceMethod(OutcomeRecorder.prototype, 'admitRetry', (admitRetry) => {
        return function (this: OutcomeRecorder, delivery, dueAtMs) {
          scheduler().after(100, () => {
            if (!delivery.tenure.isOver) admitRetry.call(this, delivery, dueAtMs);
          });
        };
      }),
  },
  {
    name: 'retried-counts-as-handled',
    rule: 'what was retried, or became a dead letter, is not among what a process remembers as handled',
    breaks: ['nothing-lost'],
    bias: { profiles: ['failovers'], overrides: { failureShare: 0.3, lagMs: 400, topology: 'sentinel', replicas: 1 } },
    patch: () =>
      replaceMethod(OutcomeRecorder.prototype, 'failed', (failed) => {
        return function (this: OutcomeRecorder, delivery, error) {
          delivery.rememberHandled();
          failed.call(this, delivery, error);
        };
      }),
  },
];
