import type { GateResult, Results } from '../../reports/results.js';

/**
 * What another run may not have. The others stay: a gate without an interval would have none again, and one that failed
 * on a damaged ledger is a suspicion, for somebody to look into rather than to be run over.
 */
const PASSING: readonly GateResult['obstacle'][] = ['disturbed-machine', 'absent-fault'];

/** Whether an inconclusive run may come to a verdict when it is made again, since only instrument or machine were in the way. */
export function mayClearUp({ verdict, gates }: Results): boolean {
  if (verdict !== 'inconclusive') return false;
  return gates.every((gate) => gate.verdict !== 'inconclusive' || PASSING.includes(gate.obstacle));
}
