import type { Results, Story } from '../../../reports/results.js';
import { NO_KEY } from '../../load/plan.js';
import { type CheckedRun, FATE, MARK, SEND } from '../checked-run.js';
import { slowestOf } from './slowest.js';
import { storiesOf } from './stories.js';

const MAX_EXAMPLES = 50;

type Belongs = (run: CheckedRun, ordinal: number) => boolean;

const marked =
  (mark: number): Belongs =>
  (run, ordinal) =>
    ((run.marks[ordinal] as number) & mark) !== 0;

const extra: Belongs = (run, ordinal) =>
  (run.successes[ordinal] as number) > 1 || (run.extraCopies[ordinal] as number) > 0;

/** Which messages stand for a violation, by its metric's name. */
const CLASSES: Readonly<Record<string, Belongs>> = {
  unsent: (run, ordinal) => run.send[ordinal] === SEND.unsent,
  lost: (run, ordinal) => run.fate[ordinal] === FATE.lost,
  stranded: (run, ordinal) => run.fate[ordinal] === FATE.stranded,
  unsettled: marked(MARK.unsettled),
  duplicated: extra,
  'duplicated.unexcused': (run, ordinal) =>
    extra(run, ordinal) &&
    (run.successes[ordinal] as number) - 1 + (run.extraCopies[ordinal] as number) > (run.excused[ordinal] as number),
  overlapped: marked(MARK.overlapped),
  reordered: marked(MARK.reordered),
  'reordered.indeterminate': marked(MARK.reorderedIndeterminate),
  unexpected: marked(MARK.unexpected),
  collateral: marked(MARK.collateral),
  misjudged: marked(MARK.misjudged),
  contract: marked(MARK.contract),
  unanswered: marked(MARK.unanswered),
};

/** Up to 50 messages of each violation class, and the slowest of each phase, with their whole story. */
export function examplesOf(run: CheckedRun): Pick<Results['ledger'], 'examples'> & { readonly slowest: Story[] } {
  const chosen = new Map(Object.keys(CLASSES).map((name) => [name, [] as number[]]));
  for (const [name, belongs] of Object.entries(CLASSES)) {
    const ordinals = chosen.get(name) as number[];
    for (let ordinal = 0; ordinal < run.history.plan.count && ordinals.length < MAX_EXAMPLES; ordinal++) {
      if (belongs(run, ordinal)) ordinals.push(ordinal);
    }
  }
  const slowest = slowestOf(run);
  // One reading of the ledger for all of them.
  const stories = storiesOf(run, new Set([...[...chosen.values()].flat(), ...slowest]));
  const examples: Record<string, Story[]> = {};
  for (const [name, ordinals] of chosen) {
    const own = ordinals.map((ordinal) => stories.get(ordinal) as Story);
    if (name === 'reordered') examples[name] = own.map((story) => withOvertaker(run, story));
    else if (name === 'unexpected') examples[name] = [...own, ...foreignStories(run)].slice(0, MAX_EXAMPLES);
    else examples[name] = own;
  }
  return {
    examples: Object.fromEntries(Object.entries(examples).filter(([, own]) => own.length > 0)),
    slowest: slowest.map((ordinal) => stories.get(ordinal) as Story),
  };
}

/** Adds which later message of its key was done first. */
function withOvertaker(run: CheckedRun, story: Story): Story {
  const { plan, startNs } = run.history;
  const doneNs = run.firstDoneNs[story.ordinal] as number;
  const key = plan.key[story.ordinal] as number;
  for (let later = story.ordinal + 1; key !== NO_KEY && later < plan.count; later++) {
    const laterNs = run.firstDoneNs[later] as number;
    if (plan.key[later] !== key || laterNs === 0 || laterNs >= doneNs) continue;
    const text = `message ${later} of the same key, sent later, was handled`;
    const events = [...story.events, { atMs: (laterNs - startNs) / 1e6, text }].sort((a, b) => a.atMs - b.atMs);
    return { ...story, events };
  }
  return story;
}

/** Deliveries and finds that belong to no planned message. */
function foreignStories(run: CheckedRun): Story[] {
  const { plan, startNs, endNs } = run.history;
  return run.violations.unexpected
    .filter(({ ordinal }) => ordinal >= plan.count)
    .slice(0, MAX_EXAMPLES)
    .map(({ reason, where, atNs }) => ({
      id: 'none of this run',
      ordinal: -1,
      key: null,
      phase: '',
      events: [{ atMs: ((atNs || endNs) - startNs) / 1e6, text: `${where}: ${reason}` }],
      faults: [],
    }));
}
