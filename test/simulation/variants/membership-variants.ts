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
];
