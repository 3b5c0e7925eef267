import { ConfirmedPipeline } from '../../../broker/groups/confirmed-pipeline.js';
import { Lease } from '../../../broker/groups/lease.js';
import { OutcomeRecorder } from '../../../broker/groups/outcome-recorder.js';
import { Tenure } from '../../../broker/groups/tenure.js';
import { replaceMethod, type Variant } from './variant.js';

const HISTORY_COMPARED = 'or row[3] ~= history then';

/** Every rule that the design calls needed, each switched off alone. */
export const VARIANTS: readonly Variant[] = [
  {
    name: 'publish-compares-first-with-last',
    rule: 'publish compares what the producer knows to be stored, instead of "first must be last + 1"',
    bias: { overrides: { publishTimeoutMs: 800 }, profiles: ['connections', 'pauses'] },
    scripts: [['log/publish.lua', 'stored == prev and first > stored', 'first == stored + 1']],
  },
  {
    name: 'leases-unconfirmed',
    rule: 'an acquisition counts when the replicas have confirmed it',
    bias: { overrides: { topology: 'sentinel', replicas: 1, lagMs: 400 }, profiles: ['failovers', 'partitions'] },
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
    bias: {
      overrides: { topology: 'sentinel', replicas: 2, lagMs: 400, partitions: 1, members: 2 },
      profiles: ['bounces'],
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
    bias: {
      profiles: ['slow'],
      overrides: { partitions: 1, members: 2, handlerMs: 40, latencyMs: 0.2, breakShare: 0 },
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
    bias: { profiles: ['pauses'], overrides: { handlerMs: 40 } },
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
    bias: {
      profiles: ['bounces'],
      overrides: {
        topology: 'cluster',
        shards: 1,
        replicas: 1,
        dropsClients: false,
        zombieMs: 100,
        lagMs: 400,
        skewMs: 5_000,
        partitions: 1,
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
    bias: { profiles: ['connections'], overrides: { failureShare: 0.3, breakShare: 0.01 } },
    scripts: [['groups/settle.lua', 'if not matches then', 'if false then']],
  },
  {
    name: 'log-before-retries',
    rule: 'a new owner takes up retries before it reads the log',
    bias: { profiles: ['pauses', 'failovers'], overrides: { failureShare: 0.3, keys: 1, partitions: 1 } },
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
