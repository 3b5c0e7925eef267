import { type CheckedRun, FATE, SEND } from '../../ledger/checked-run.js';
import { memberNumber } from '../../ledger/record.js';
import { NO_KEY } from '../../load/plan.js';
import type { GateScope } from '../../scenario/scenario.js';
import type { MeasureInput, Measurement, Metric, Span } from '../metric.js';
import { afterNs, countScope, eachOrdinal, rateSpans } from '../scope.js';
import { acceptedIn, tally } from './outcomes.js';

/** How the consumers went about it: retries, fairness, partition moves, crashes. */
export const HANDLING_METRICS: readonly Metric[] = [
  {
    name: 'retries',
    unit: 'count',
    definition: 'handler STARTs beyond the first of each message, of one message at most 255 STARTs',
    example: 'retries <= 500',
    family: 'count',
    hasInterval: false,
    excusable: false,
    measure: ({ run, gate }) => {
      const { has } = countScope(run, gate.scope);
      const { starts, started } = countStarts(run, has);
      return { value: starts - started, samples: acceptedIn(run, has), interval: undefined };
    },
  },
  {
    name: 'amplification',
    unit: 'number',
    definition: 'handler STARTs / distinct messages started, of one message at most 255 STARTs',
    example: 'amplification <= 1.2',
    family: 'count',
    hasInterval: false,
    excusable: false,
    measure: ({ run, gate }) => {
      const { starts, started } = countStarts(run, countScope(run, gate.scope).has);
      return { value: started === 0 ? 0 : starts / started, samples: started, interval: undefined };
    },
  },
  {
    name: 'fairness',
    unit: 'number',
    definition: "Jain's index (sum x)^2 / (n sum x^2), x = delivered / offered of each key",
    example: 'fairness >= 0.95',
    family: 'rate',
    hasInterval: false,
    excusable: false,
    refuse: (scenario) =>
      scenario.load.message.keys.kind === 'none' ? 'its messages have no keys (load.message.keys)' : undefined,
    measure: measureFairness,
  },
  {
    name: 'fairness.consumers',
    unit: 'number',
    definition:
      "Jain's index (sum x)^2 / (n sum x^2), x = messages of which each of the n group members began the first handling; 1 is even, 1/n all with one. Without members of workers that were not ready all the time",
    example: 'fairness.consumers >= 0.95 during steady',
    family: 'rate',
    hasInterval: false,
    excusable: false,
    measure: measureConsumerFairness,
  },
  {
    name: 'moves',
    unit: 'count',
    definition: 'changes of the group member that handles a partition; of a restarted worker the n-th stays the n-th',
    example: 'moves <= 16',
    family: 'count',
    scopes: ['default', 'overall', 'during', 'after'],
    hasInterval: false,
    excusable: false,
    measure: ({ run, gate }) => ({
      value: eventsIn(run, gate.scope, run.moves.count, run.moves.timesNs),
      samples: tally(run, (ordinal) => (run.starts[ordinal] as number) > 0),
      interval: undefined,
    }),
  },
  {
    name: 'crashed',
    unit: 'count',
    definition:
      'workers ended by an error of the driver, by SIGABRT, SEGV, BUS, ILL or FPE, out of memory, or unsignalled and deaf for 10 s',
    example: 'crashed == 0',
    family: 'count',
    scopes: ['default', 'overall', 'during', 'after'],
    hasInterval: false,
    excusable: false,
    measure: ({ run, gate }) => {
      const { crashes } = run.history;
      const times = Float64Array.from(crashes, (crash) => crash.atNs);
      const first = crashes[0];
      return {
        value: eventsIn(run, gate.scope, crashes.length, times),
        samples: acceptedIn(run, () => true),
        interval: undefined,
        ...(first && { note: `${first.role}-${first.worker + 1}: ${first.detail}` }),
      };
    },
  },
];

/** Events of the run (not of a message) belong to the phase, or the time after a fault, in which they happened. */
function eventsIn(run: CheckedRun, scope: GateScope, count: number, timesNs: Float64Array): number {
  if (scope.kind === 'default' || scope.kind === 'overall') return count;
  const { plan, startNs } = run.history;
  if (scope.kind === 'after') {
    const fromNs = afterNs(run, scope);
    return timesNs.filter((ns) => ns >= fromNs).length;
  }
  const phases = plan.phases.filter((phase) => scope.kind === 'during' && scope.phases.includes(phase.name));
  return timesNs.filter((ns) => phases.some((phase) => ns - startNs >= phase.startNs && ns - startNs < phase.endNs))
    .length;
}

function countStarts(run: CheckedRun, has: (ordinal: number) => boolean): { starts: number; started: number } {
  let starts = 0;
  let started = 0;
  for (let ordinal = 0; ordinal < run.history.plan.count; ordinal++) {
    const own = run.starts[ordinal] as number;
    if (own === 0 || !has(ordinal)) continue;
    starts += own;
    started++;
  }
  return { starts, started };
}

function measureFairness({ run, gate, without }: MeasureInput): Measurement {
  const { key, poison } = run.history.plan;
  const offered = new Map<number, number>();
  const delivered = new Map<number, number>();
  eachOrdinal(run, rateSpans(run, gate.scope, without), (ordinal) => {
    const own = key[ordinal] as number;
    if (own === NO_KEY || poison[ordinal] !== 0 || run.send[ordinal] === SEND.withheld) return;
    offered.set(own, (offered.get(own) ?? 0) + 1);
    if (run.fate[ordinal] === FATE.delivered) delivered.set(own, (delivered.get(own) ?? 0) + 1);
  });
  const shares = [...offered].map(([own, count]) => (delivered.get(own) ?? 0) / count);
  return { value: jainIndex(shares), samples: offered.size, interval: undefined };
}

/**
 * Members that began nothing count: whoever stands by has no share. Who came late, or was away, had less time for as much:
 * its messages are left out with it. The drain's fresh consumer is none of them.
 */
function measureConsumerFairness({ run, scenario, gate, without }: MeasureInput): Measurement {
  const begun = new Map<number, number>();
  const spans = rateSpans(run, gate.scope, without);
  for (const { role, worker, fresh } of run.history.files) {
    if (role !== 'consumer' || fresh || !wasThere(run, worker, spans)) continue;
    for (let member = 0; member < scenario.consumers.members; member++) begun.set(memberNumber(worker, member), 0);
  }
  let samples = 0;
  eachOrdinal(run, spans, (ordinal) => {
    const own = begun.get(run.firstMember[ordinal] as number);
    if (own === undefined || run.starts[ordinal] === 0) return;
    begun.set(run.firstMember[ordinal] as number, own + 1);
    samples++;
  });
  return { value: jainIndex([...begun.values()]), samples, interval: undefined };
}

/** All the time. */
function wasThere({ history }: CheckedRun, worker: number, spans: readonly Span[]): boolean {
  const { consumers, startNs } = history;
  const own = consumers.filter((ready) => ready.worker === worker);
  return spans.every(({ fromNs, toNs }) =>
    own.some((ready) => ready.fromNs - startNs <= fromNs && ready.untilNs - startNs >= toNs),
  );
}

/** Jain, Chiu and Hawe, DEC TR-301, 1984; 0 where there is nothing. */
function jainIndex(shares: readonly number[]): number {
  let sum = 0;
  let squares = 0;
  for (const share of shares) {
    sum += share;
    squares += share * share;
  }
  return squares === 0 ? 0 : (sum * sum) / (shares.length * squares);
}
