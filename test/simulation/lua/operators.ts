import { type LuaFunction, LuaTable, type LuaValue } from './table.js';

/** What `error()` throws, or an operation that Lua refuses. */
export class LuaError extends Error {
  override readonly name = 'LuaError';
  readonly value: LuaValue;

  constructor(value: LuaValue) {
    super(typeof value === 'string' ? value : String(value instanceof LuaTable ? value.get('err') : value));
    this.value = value;
  }
}

export function typeName(value: LuaValue): string {
  if (value === undefined) return 'nil';
  if (value instanceof LuaTable) return 'table';
  return typeof value;
}

export function truthy(value: LuaValue): boolean {
  return value !== undefined && value !== false;
}

/** As C's `%.<digits>g`. */
export function formatGeneral(value: number, digits: number): string {
  if (Number.isNaN(value)) return value < 0 ? '-nan' : 'nan';
  if (!Number.isFinite(value)) return value < 0 ? '-inf' : 'inf';
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  const [mantissa, exponentText] = value.toExponential(digits - 1).split('e') as [string, string];
  const exponent = Number(exponentText);
  const strip = (text: string) => (text.includes('.') ? text.replace(/\.?0+$/, '') : text);
  if (exponent < -4 || exponent >= digits) {
    const size = String(Math.abs(exponent)).padStart(2, '0');
    return `${strip(mantissa)}e${exponent < 0 ? '-' : '+'}${size}`;
  }
  return strip(value.toFixed(digits - 1 - exponent));
}

export function textOf(value: number): string {
  return Number.isInteger(value) && Math.abs(value) < 1e14 ? `${value}` : formatGeneral(value, 14);
}

export function numberOf(value: LuaValue): number | undefined {
  if (typeof value === 'number') return value;
  if (typeof value !== 'string') return undefined;
  const text = value.trim();
  if (/^[-+]?0[xX][\da-fA-F]+$/.test(text)) {
    return text.startsWith('-') ? -Number(text.slice(1)) : Number(text.replace('+', ''));
  }
  return /^[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$/.test(text) ? Number(text) : undefined;
}

function operand(value: LuaValue): number {
  const number = typeof value === 'number' ? value : numberOf(value);
  if (number === undefined) throw new LuaError(`attempt to perform arithmetic on a ${typeName(value)} value`);
  return number;
}

export const add = (a: LuaValue, b: LuaValue) => operand(a) + operand(b);
export const subtract = (a: LuaValue, b: LuaValue) => operand(a) - operand(b);
export const multiply = (a: LuaValue, b: LuaValue) => operand(a) * operand(b);
export const divide = (a: LuaValue, b: LuaValue) => operand(a) / operand(b);
export const power = (a: LuaValue, b: LuaValue) => operand(a) ** operand(b);
export const negate = (a: LuaValue) => -operand(a);
export const modulo = (a: LuaValue, b: LuaValue) => {
  const x = operand(a);
  const y = operand(b);
  return x - Math.floor(x / y) * y;
};

export function concat(a: LuaValue, b: LuaValue): string {
  return piece(a) + piece(b);
}

function piece(value: LuaValue): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return textOf(value);
  throw new LuaError(`attempt to concatenate a ${typeName(value)} value`);
}

export function less(a: LuaValue, b: LuaValue): boolean {
  if (typeof a === 'number' && typeof b === 'number') return a < b;
  if (typeof a === 'string' && typeof b === 'string') return a < b;
  throw new LuaError(`attempt to compare ${typeName(a)} with ${typeName(b)}`);
}

export function lessOrEqual(a: LuaValue, b: LuaValue): boolean {
  if (typeof a === 'number' && typeof b === 'number') return a <= b;
  if (typeof a === 'string' && typeof b === 'string') return a <= b;
  throw new LuaError(`attempt to compare ${typeName(a)} with ${typeName(b)}`);
}

export function lengthOf(value: LuaValue): number {
  if (typeof value === 'string' || value instanceof LuaTable) return value.length;
  throw new LuaError(`attempt to get length of a ${typeName(value)} value`);
}

export function setIndex(target: LuaValue, key: LuaValue, value: LuaValue): void {
  if (!(target instanceof LuaTable)) throw new LuaError(`attempt to index a ${typeName(target)} value`);
  target.set(key, value);
}

export function callable(value: LuaValue, name: string): LuaFunction {
  if (typeof value === 'function') return value;
  throw new LuaError(`attempt to call '${name}' (a ${typeName(value)} value)`);
}

/** A table constructor: pairs of keys and values, and the values without keys. */
export function construct(list: LuaValue[], pairs: LuaValue[]): LuaTable {
  const table = new LuaTable(list);
  for (let i = 0; i < pairs.length; i += 2) table.set(pairs[i], pairs[i + 1]);
  return table;
}
