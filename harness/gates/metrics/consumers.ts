import type { CheckedRun } from '../../ledger/checked-run.js';
import { readySteps } from '../../ledger/ready-consumers.js';
import type { GateScope } from '../../scenario/scenario.js';
import type { Measurement, Metric, Span } from '../metric.js';
import { afterNs } from '../scope.js';
import { acceptedIn } from './outcomes.js';

/** How many consumers there were: where they die, and where the system scales them. */
export const CONSUMER_METRICS: readonly Metric[] = [
  consumers('max', 'most', (counts) => Math.max(0, ...counts)),
  consumers('min', 'fewest', (counts) => (counts.length === 0 ? 0 : Math.min(...counts))),
];

function consumers(which: 'max' | 'min', word: string, of: (counts: readonly number[]) => number): Metric {
  return {
    name: `consumers.${which}`,
    unit: 'number',
    definition: `the ${word} consumer workers that were ready at one time in the scope (by default: the load): each from when it says so to its end`,
    example: which === 'max' ? 'consumers.max <= 6' : 'consumers.min >= 4 during steady',
    family: 'count',
    scopes: ['default', 'overall', 'during', 'after'],
    hasInterval: false,
    excusable: false,
    measure: ({ run, gate }): Measurement => ({
      value: of(countsIn(run, spansOf(run, gate.scope))),
      samples: acceptedIn(run, () => true),
      interval: undefined,
    }),
  };
}

/** Every number of consumers that there was in one of the spans. */
function countsIn(run: CheckedRun, spans: readonly Span[]): number[] {
  const { startNs, consumers } = run.history;
  const steps = readySteps(consumers);
  return spans.flatMap(({ fromNs, toNs }) => {
    const before = steps.findLast(({ atNs }) => atNs - startNs <= fromNs)?.consumers ?? 0;
    const within = steps.filter(({ atNs }) => atNs - startNs > fromNs && atNs - startNs < toNs);
    return [before, ...within.map((step) => step.consumers)];
  });
}

function spansOf(run: CheckedRun, scope: GateScope): readonly Span[] {
  const { plan, startNs } = run.history;
  if (scope.kind === 'after') return [{ fromNs: afterNs(run, scope) - startNs, toNs: plan.endNs }];
  if (scope.kind !== 'during') return [{ fromNs: 0, toNs: plan.endNs }];
  const phases = plan.phases.filter(({ name }) => scope.phases.includes(name));
  return phases.map(({ startNs: fromNs, endNs: toNs }) => ({ fromNs, toNs }));
}
