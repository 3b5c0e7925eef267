import type { Results } from '../../../reports/results.js';
import { METRICS } from '../../gates/registry.js';
import type { Gate, Scenario, Unit } from '../../scenario/scenario.js';
import { type CheckedRun, FATE, MARK, SEND } from '../checked-run.js';

type Counts = Results['ledger']['counts'];

/**
 * Every count over the whole run: the outcomes by which the sums can be followed (offered -> accepted -> a fate), and
 * every count metric under its own name. Shares are of the offered for outcomes and of the accepted for the rest.
 */
export function countsOf(run: CheckedRun, scenario: Scenario): Counts {
  const sends = histogramOf(run.send, Object.values(SEND).length);
  const fates = histogramOf(run.fate, Object.values(FATE).length);
  const accepted = sends[SEND.accepted] as number;
  const offered = run.history.plan.count - (sends[SEND.withheld] as number);
  const share = (value: number, of: number) => ({ value, share: of === 0 ? null : value / of });
  const counts: Counts = {
    planned: { value: run.history.plan.count, share: null },
    unsent: share(sends[SEND.unsent] as number, offered),
    withheld: { value: sends[SEND.withheld] as number, share: null },
    rejected: share(sends[SEND.rejected] as number, offered),
    indeterminate: share(sends[SEND.indeterminate] as number, offered),
    accepted: share(accepted, offered),
    'dead-lettered': share(fates[FATE.deadLettered] as number, accepted),
    quarantined: share(fates[FATE.quarantined] as number, accepted),
    poison: share(countWhere(run.history.plan.poison), offered),
    'reordered.indeterminate': share(countMarked(run, MARK.reorderedIndeterminate), accepted),
  };
  for (const metric of METRICS) {
    if (metric.family !== 'count') continue;
    const measure = (unit: Unit) => metric.measure({ run, scenario, gate: wholeRun(metric.name, unit), without: [] });
    const { value } = measure(metric.unit);
    if (metric.alsoShare) counts[metric.name] = { value, share: accepted === 0 ? null : measure('share').value };
    else counts[metric.name] = metric.unit === 'count' ? share(value, accepted) : { value, share: null };
  }
  counts.offered = { value: offered, share: null };
  return counts;
}

function wholeRun(metric: string, unit: Unit): Gate {
  const scope = { kind: 'overall' } as const;
  return { text: metric, metric, operator: '==', limit: { value: 0, unit }, scope, implicit: true };
}

function histogramOf(column: Uint8Array, size: number): Uint32Array {
  const counts = new Uint32Array(size);
  for (const value of column) counts[value] = (counts[value] as number) + 1;
  return counts;
}

function countWhere(column: Uint8Array): number {
  let count = 0;
  for (const value of column) if (value !== 0) count++;
  return count;
}

function countMarked(run: CheckedRun, mark: number): number {
  let count = 0;
  for (const marks of run.marks) if ((marks & mark) !== 0) count++;
  return count;
}
