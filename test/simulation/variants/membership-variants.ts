import { ConsumerHealthMonitor } from '../../../broker/groups/consumer-health-monitor.js';
import { Dispatcher } from '../../../broker/groups/dispatcher.js';
import { HandOver } from '../../../broker/groups/hand-over.js';
import { replaceMethod, type Variant } from './variant.js';

/** Members come and go while there is always something to handle. */
const BUSY_GROUP = { members: 3, partitions: 3, keys: 4, handlerMs: 300, messages: 200, failureShare: 0 } as const;

/** What handing partitions over cannot do without. */
export const MEMBERSHIP_VARIANTS: readonly Variant[] = [
  {
    name: 'handed-over-with-handlers',
    rule: 'a partition is handed over when its handlers have returned',
    seed: 1,
    breaks: ['handed-over-whole'],
    bias: { profiles: ['kills'], overrides: BUSY_GROUP },
    patch: () => replaceMethod(Dispatcher.prototype, 'idle', () => () => Promise.resolve()),
  },
  {
    name: 'handed-over-unrecorded',
    rule: 'a partition is handed over when what was handled is recorded',
    seed: 1,
    breaks: ['handed-over-whole'],
    bias: { profiles: ['kills'], overrides: { ...BUSY_GROUP, handlerMs: 5, settleDelayMs: 200 } },
    patch: () => replaceMethod(HandOver.prototype, 'recorded', () => () => Promise.resolve()),
  },
  {
    name: 'drained-with-handlers',
    rule: 'a member that is drained hands its partitions over like one that leaves, when their handlers have returned',
    seed: 1,
    breaks: ['handed-over-whole'],
    bias: { profiles: ['slow'], overrides: { ...BUSY_GROUP, faults: [], drains: true } },
    patch: () => {
      // Whoever comes and goes before hands over as always: only drains show it.
      let isDraining = false;
      const undoObserve = replaceMethod(ConsumerHealthMonitor.prototype, 'observe', (observe) => {
        return function (this: ConsumerHealthMonitor, roster, history) {
          const change = observe.call(this, roster, history);
          isDraining ||= change?.seats.some((one) => one.kind === 'seat' && one.seat.isDraining) ?? false;
          return change;
        };
      });
      const undoIdle = replaceMethod(Dispatcher.prototype, 'idle', (idle) => {
        return function (this: Dispatcher, tenure) {
          return isDraining ? Promise.resolve() : idle.call(this, tenure);
        };
      });
      return () => {
        undoIdle();
        undoObserve();
      };
    },
  },
];
