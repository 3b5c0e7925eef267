import { type CheckedRun, FATE, MARK, SEND } from '../../ledger/checked-run.js';
import { clopperPearson } from '../clopper-pearson.js';
import { DEFAULT_CONFIDENCE, type MeasureInput, type Measurement, type Metric } from '../metric.js';
import { countScope, eachOrdinal, rateSpans } from '../scope.js';

/** What the interval assumes; where losses come in clusters, as in the episodes of a repeated fault, that is too much. */
const INTERVAL =
  '; its interval (Clopper-Pearson) takes messages to be independent of each other, and is too narrow where they are lost in clusters, as in the episodes of a repeated fault';

/** What became of messages: offered, accepted, delivered, lost. */
export const OUTCOME_METRICS: readonly Metric[] = [
  {
    name: 'offered',
    unit: 'count',
    definition:
      'messages in the plan, without those withheld by a kill or restart of their producer that the scenario ordered',
    example: 'offered >= 100000',
    family: 'count',
    hasInterval: false,
    excusable: false,
    measure: ({ run, gate }) => {
      const { has } = countScope(run, gate.scope);
      const value = tally(run, (ordinal) => run.send[ordinal] !== SEND.withheld && has(ordinal));
      return { value, samples: value, interval: undefined };
    },
  },
  {
    name: 'availability',
    unit: 'share',
    definition: `accepted / offered${INTERVAL}`,
    example: 'availability >= 99.9% outside faults',
    family: 'rate',
    hasInterval: true,
    excusable: false,
    measure: measureAvailability,
  },
  {
    name: 'delivered',
    unit: 'count',
    alsoShare: true,
    definition: `accepted, and its handler finished successfully at least once; in % of accepted, without the messages that the scenario itself made poison${INTERVAL}`,
    example: 'delivered >= 99.9%',
    family: 'count',
    hasInterval: true,
    excusable: false,
    measure: (input) => {
      const healthy = (ordinal: number) => input.run.history.plan.poison[ordinal] === 0;
      return fateOf(input, (ordinal) => input.run.fate[ordinal] === FATE.delivered && healthy(ordinal), healthy);
    },
  },
  {
    name: 'lost',
    unit: 'count',
    alsoShare: true,
    definition: `accepted, and neither delivered nor found by the inventory; with % a share of accepted${INTERVAL}`,
    example: 'lost == 0',
    family: 'count',
    hasInterval: true,
    excusable: false,
    measure: (input) => fateOf(input, (ordinal) => input.run.fate[ordinal] === FATE.lost),
  },
  {
    name: 'stranded',
    unit: 'count',
    alsoShare: true,
    definition: `accepted, undelivered, and in the log, pending, in retry or parked at the end of the drain; dead letters and quarantine are not${INTERVAL}`,
    example: 'stranded == 0',
    needs: 'inventory',
    family: 'count',
    hasInterval: true,
    excusable: false,
    measure: (input) => fateOf(input, (ordinal) => input.run.fate[ordinal] === FATE.stranded),
  },
  {
    name: 'unsettled',
    unit: 'count',
    alsoShare: true,
    definition: 'delivered, and still pending at the end of the drain',
    example: 'unsettled == 0',
    needs: 'inventory',
    family: 'count',
    hasInterval: false,
    excusable: false,
    measure: (input) => fateOf(input, (ordinal) => ((input.run.marks[ordinal] as number) & MARK.unsettled) !== 0),
  },
  {
    name: 'recovered',
    unit: 'count',
    definition: 'indeterminate at the sender, and later delivered',
    example: 'recovered >= 1',
    family: 'count',
    hasInterval: false,
    excusable: false,
    measure: ({ run, gate }) => {
      const { has } = countScope(run, gate.scope);
      const value = tally(run, (ordinal) => isRecovered(run, ordinal) && has(ordinal));
      return { value, samples: acceptedIn(run, has), interval: undefined };
    },
  },
];

export function isRecovered(run: CheckedRun, ordinal: number): boolean {
  return run.send[ordinal] === SEND.indeterminate && (run.successes[ordinal] as number) > 0;
}

/** Accepted messages in scope: what a count gate rests on. */
export function acceptedIn(run: CheckedRun, has: (ordinal: number) => boolean): number {
  return tally(run, (ordinal) => run.send[ordinal] === SEND.accepted && has(ordinal));
}

export function tally(run: CheckedRun, counts: (ordinal: number) => boolean): number {
  let sum = 0;
  for (let ordinal = 0; ordinal < run.history.plan.count; ordinal++) if (counts(ordinal)) sum++;
  return sum;
}

/** Accepted messages of one fate, as a count or as a share of the accepted that `of` admits, as the gate's unit asks. */
function fateOf(
  { run, gate }: MeasureInput,
  counts: (ordinal: number) => boolean,
  of: (ordinal: number) => boolean = () => true,
): Measurement {
  const { has } = countScope(run, gate.scope);
  const accepted = acceptedIn(run, (ordinal) => has(ordinal) && of(ordinal));
  const value = tally(run, (ordinal) => run.send[ordinal] === SEND.accepted && counts(ordinal) && has(ordinal));
  const share = gate.limit.unit === 'share';
  const bounds = clopperPearson(value, accepted, gate.confidence ?? DEFAULT_CONFIDENCE);
  return {
    value: share ? (accepted === 0 ? 0 : value / accepted) : value,
    samples: accepted,
    interval: share ? bounds : [bounds[0] * accepted, bounds[1] * accepted],
  };
}

function measureAvailability({ run, gate, without }: MeasureInput): Measurement {
  let offered = 0;
  let accepted = 0;
  eachOrdinal(run, rateSpans(run, gate.scope, without), (ordinal) => {
    if (run.send[ordinal] === SEND.withheld) return;
    offered++;
    if (run.send[ordinal] === SEND.accepted) accepted++;
  });
  return {
    value: offered === 0 ? 0 : accepted / offered,
    samples: offered,
    interval: clopperPearson(accepted, offered, gate.confidence ?? DEFAULT_CONFIDENCE),
  };
}
