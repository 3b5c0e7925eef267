import type { Gate, GateOperator } from '../scenario/scenario.js';
import type { Measurement } from './metric.js';

/** Whether a value satisfies the gate's operator and limit. */
export function satisfies(value: number, operator: GateOperator, limit: number): boolean {
  switch (operator) {
    case '==':
      return value === limit;
    case '!=':
      return value !== limit;
    case '<':
      return value < limit;
    case '<=':
      return value <= limit;
    case '>':
      return value > limit;
    case '>=':
      return value >= limit;
    default:
      return operator satisfies never;
  }
}

/** How far inside (positive) or outside (negative) of its limit a value lies. */
export function marginOf(value: number, operator: GateOperator, limit: number): number {
  switch (operator) {
    case '==':
      return value === limit ? 0 : -Math.abs(value - limit);
    case '!=':
      return Math.abs(value - limit);
    case '<':
    case '<=':
      return limit - value;
    case '>':
    case '>=':
      return value - limit;
    default:
      return operator satisfies never;
  }
}

/**
 * pass or fail on the observed value or, `with confidence`, on the unfavourable bound of the interval; undefined when
 * confidence is asked for and there is no interval. Without samples a gate fails.
 */
export function decide(gate: Gate, measurement: Measurement): 'pass' | 'fail' | undefined {
  const { value, samples, interval } = measurement;
  if (samples === 0) return 'fail';
  const limit = gate.limit.value;
  if (gate.confidence === undefined) return satisfies(value, gate.operator, limit) ? 'pass' : 'fail';
  if (interval === undefined) return undefined;
  return boundsOf(gate.operator, interval).every((bound) => satisfies(bound, gate.operator, limit)) ? 'pass' : 'fail';
}

function boundsOf(operator: GateOperator, [lower, upper]: readonly [number, number]): readonly number[] {
  if (operator === '<' || operator === '<=') return [upper];
  if (operator === '>' || operator === '>=') return [lower];
  return [lower, upper];
}
