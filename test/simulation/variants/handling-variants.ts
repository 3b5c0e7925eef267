import { HandledSequences } from '../../../broker/groups/handled-log.js';
import { OutcomeRecorder } from '../../../broker/groups/outcome-recorder.js';
import { replaceMethod, type Variant } from './variant.js';

/** Much is given up, and put back twice. */
const REDRIVEN = { failureShare: 0.5, handlerMs: 5, activeMs: 8_000, redrivesMs: [4_000, 7_500] } as const;

/** What handling and settling cannot do without. */
export const HANDLING_VARIANTS: readonly Variant[] = [
  {
    name: 'settlements-without-compare',
    rule: 'each item of a settlement is a compare-and-set',
    seed: 4,
    breaks: ['dead-letter-once'],
    bias: { profiles: ['connections'], overrides: { failureShare: 0.6, breakShare: 0.02, maxFrameMessages: 4 } },
    scripts: [['groups/settle.lua', 'if not matches then', 'if false then']],
  },
  {
    name: 'log-before-retries',
    rule: 'a new owner takes up retries before it reads the log',
    seed: 4,
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
    seed: 2,
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
  {
    name: 'handled-is-forgotten',
    rule: 'a process remembers what it has handled, whatever became of the settlement',
    seed: 1,
    breaks: ['handled-once'],
    bias: { profiles: ['failovers'], overrides: { lagMs: 400, topology: 'sentinel', replicas: 1 } },
    patch: () => replaceMethod(HandledSequences.prototype, 'has', () => () => false),
  },
  {
    name: 'redrive-untold',
    rule: 'a renewal tells the owner of what was put back',
    seed: 1,
    breaks: ['no-wedge'],
    bias: { profiles: ['connections'], overrides: REDRIVEN },
    scripts: [['groups/renew.lua', "redis.call('HGET', KEYS[1], 'redriven') or '0' }", "'0' }"]],
  },
  {
    name: 'redrive-copies',
    rule: 'a dead letter is moved, not copied',
    seed: 1,
    breaks: ['handled-once'],
    bias: { profiles: ['connections'], overrides: REDRIVEN },
    scripts: [['recovery/redrive.lua', "redis.call('XDEL', KEYS[1], ARGV[i])", '']],
  },
];
