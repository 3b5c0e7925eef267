import { type CheckedRun, FATE, SEND } from '../../ledger/checked-run.js';
import { NO_KEY } from '../../load/plan.js';
import type { GateScope } from '../../scenario/scenario.js';
import type { MeasureInput, Measurement, Metric } from '../metric.js';
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
    name: 'moves',
    unit: 'count',
    definition: 'changes of the worker that handles a partition',
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

/** Jain, Chiu and Hawe, DEC TR-301, 1984. */
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
  let sum = 0;
  let squares = 0;
  for (const [own, count] of offered) {
    const share = (delivered.get(own) ?? 0) / count;
    sum += share;
    squares += share * share;
  }
  return {
    value: squares === 0 ? 0 : (sum * sum) / (offered.size * squares),
    samples: offered.size,
    interval: undefined,
  };
}
