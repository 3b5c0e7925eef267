import type { Gate, GateScope } from '../scenario/scenario.js';
import { formatGate } from './gate-expression.js';

/**
 * Gates that every scenario has unless it sets its own on the same metric over at least the same scope. Those that the
 * driver's capabilities leave nothing to judge by are left out when the run knows them.
 */
const EVERYWHERE = [
  'stranded',
  'unsettled',
  'crashed',
  'unexpected',
  'contract',
  'unanswered',
  'collateral',
  'misjudged',
  'overlapped',
];

export function implicitGates(own: readonly Gate[]): Gate[] {
  const gates = EVERYWHERE.map((metric) => implicit(metric, { value: 0, unit: 'count' }, { kind: 'default' }));
  gates.push(implicit('availability', { value: 1, unit: 'share' }, { kind: 'outside-faults' }));
  return gates.filter((gate) => !own.some((one) => one.metric === gate.metric && covers(one.scope, gate.scope)));
}

function implicit(metric: string, limit: Gate['limit'], scope: GateScope): Gate {
  const gate = { metric, operator: '==', limit, scope, implicit: true } as const;
  return { ...gate, text: formatGate(gate) };
}

/** A gate on one phase does not stand in for one on the whole run. */
function covers(own: GateScope, needed: GateScope): boolean {
  return own.kind === 'default' || own.kind === 'overall' || own.kind === needed.kind;
}
