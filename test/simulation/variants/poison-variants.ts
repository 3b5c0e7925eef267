import { Suspicion } from '../../../broker/recovery/suspicion.js';
import { replaceMethod, type Variant } from './variant.js';

/** Processes die of messages, and of nothing else, while each has several in its hands. */
const DEADLY = {
  faults: [],
  killers: ['p0-5', 'p0-12'],
  replicas: 0,
  topology: 'standalone',
  members: 2,
  partitions: 1,
  keys: 4,
  handlerMs: 300,
  failureShare: 0,
  breakShare: 0,
  redrivesMs: [],
  publishEveryMs: 5,
} as const;

/** What the handling of killing messages cannot do without. */
export const POISON_VARIANTS: readonly Variant[] = [
  {
    name: 'suspects-in-bulk',
    rule: 'a death counts against the one message that its owner had named, not against all that it had begun',
    seed: 1,
    breaks: ['healthy-stays'],
    bias: { profiles: ['kills'], overrides: DEADLY },
    patch: () => {
      const deaths = new Map<string, number>();
      const nameOf = (suspect: { readonly entryId: string; readonly index: number }) =>
        `${suspect.entryId}:${suspect.index}`;
      const undoPassage = replaceMethod(Suspicion.prototype, 'passage', (passage) => {
        return function (this: Suspicion, delivery) {
          const decided = passage.call(this, delivery);
          const name = nameOf(delivery);
          if (decided === 'try') deaths.set(name, (deaths.get(name) ?? 0) + 1);
          return decided;
        };
      });
      const undoKills = replaceMethod(Suspicion.prototype, 'killsOf', () => {
        return (suspect) => Array(deaths.get(nameOf(suspect)) ?? 0).fill({ consumer: 'somebody', atMs: 0 });
      });
      return () => {
        undoPassage();
        undoKills();
      };
    },
  },
  {
    name: 'begun-unnamed',
    rule: 'after an owner fell silent nothing of what it may have had is begun before a renewal has named it',
    seed: 3,
    breaks: ['no-wedge', 'healthy-stays'],
    bias: { profiles: ['kills'], overrides: DEADLY },
    patch: () => {
      const undoPassage = replaceMethod(Suspicion.prototype, 'passage', (passage) => {
        return function (this: Suspicion, delivery) {
          const decided = passage.call(this, delivery);
          return decided === 'hold' ? 'pass' : decided;
        };
      });
      const undoRenewed = replaceMethod(Suspicion.prototype, 'renewed', () => () => []);
      return () => {
        undoPassage();
        undoRenewed();
      };
    },
  },
];
