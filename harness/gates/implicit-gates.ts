import type { Gate, GateScope, SystemSpec } from '../scenario/scenario.js';
import { formatGate } from './gate-expression.js';

/** Gates that every scenario has unless it sets its own on the same metric over at least the same scope. */
const EVERYWHERE = [
  'stranded',
  'unsettled',
  'crashed',
  'unexpected',
  'contract',
  'unanswered',
  'collateral',
  'misjudged',
];

export function implicitGates(own: readonly Gate[], system: SystemSpec): Gate[] {
  const counts = isKeyOrdered(system) ? [...EVERYWHERE, 'overlapped'] : EVERYWHERE;
  const gates = counts.map((metric) => implicit(metric, { value: 0, unit: 'count' }, { kind: 'default' }));
  gates.push(implicit('availability', { value: 1, unit: 'share' }, { kind: 'outside-faults' }));
  return gates.filter((gate) => !own.some((one) => one.metric === gate.metric && covers(one.scope, gate.scope)));
}

/** `ordering: key` is the reference driver's default; other drivers have to be asked for it. */
function isKeyOrdered({ driver, options }: SystemSpec): boolean {
  return options.ordering === 'key' || (options.ordering === undefined && driver === 'reference');
}

function implicit(metric: string, limit: Gate['limit'], scope: GateScope): Gate {
  const gate = { metric, operator: '==', limit, scope, implicit: true } as const;
  return { ...gate, text: formatGate(gate) };
}

/** A gate on one phase does not stand in for one on the whole run. */
function covers(own: GateScope, needed: GateScope): boolean {
  return own.kind === 'default' || own.kind === 'overall' || own.kind === needed.kind;
}
