import { concat, formatGeneral, LuaError, numberOf, textOf, truthy, typeName } from './operators.js';
import { patternOf } from './patterns.js';
import { type LuaFunction, LuaTable, type LuaValue } from './table.js';

export function libraryOf(functions: Readonly<Record<string, LuaFunction>>): LuaTable {
  const table = new LuaTable();
  for (const [name, run] of Object.entries(functions)) table.set(name, run);
  return table;
}

function text(value: LuaValue): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return textOf(value);
  throw new LuaError(`bad argument (string expected, got ${typeName(value)})`);
}

function number(value: LuaValue): number {
  const parsed = numberOf(value);
  if (parsed === undefined) throw new LuaError(`bad argument (number expected, got ${typeName(value)})`);
  return parsed;
}

function table(value: LuaValue): LuaTable {
  if (value instanceof LuaTable) return value;
  throw new LuaError(`bad argument (table expected, got ${typeName(value)})`);
}

/** 1-based, from the end where negative; clamped to [1, ...]. */
function position(value: LuaValue, fallback: number, length: number): number {
  const at = value === undefined ? fallback : Math.trunc(number(value));
  return at < 0 ? length + at + 1 : at;
}

function capturesOf(match: RegExpExecArray): LuaValue[] {
  return match.length > 1 ? match.slice(1) : [match[0]];
}

function searchFrom(subject: string, pattern: string, init: LuaValue): RegExpExecArray | null {
  const from = Math.max(1, position(init, 1, subject.length)) - 1;
  if (from > subject.length) return null;
  const expression = patternOf(pattern);
  if (pattern[0] === '^' && from > 0) throw new LuaError('an anchored pattern with init is not simulated');
  expression.lastIndex = from;
  return expression.exec(subject);
}

export const stringLibrary = libraryOf({
  len: (s) => [text(s).length],
  sub: (s, from, to) => {
    const subject = text(s);
    const start = Math.max(1, position(from, 1, subject.length));
    return [subject.slice(start - 1, Math.max(start - 1, position(to, -1, subject.length)))];
  },
  byte: (s, from, to) => {
    const subject = text(s);
    const start = position(from, 1, subject.length);
    const end = position(to, start, subject.length);
    const bytes: number[] = [];
    for (let i = Math.max(1, start); i <= Math.min(end, subject.length); i++) bytes.push(subject.charCodeAt(i - 1));
    return bytes;
  },
  char: (...codes) => [String.fromCharCode(...codes.map(number))],
  rep: (s, count) => [text(s).repeat(Math.max(0, number(count)))],
  lower: (s) => [text(s).replace(/[A-Z]+/g, (upper) => upper.toLowerCase())],
  upper: (s) => [text(s).replace(/[a-z]+/g, (lower) => lower.toUpperCase())],
  reverse: (s) => [[...text(s)].reverse().join('')],
  match: (s, pattern, init) => {
    const found = searchFrom(text(s), text(pattern), init);
    return found === null ? [undefined] : capturesOf(found);
  },
  find: (s, pattern, init, isPlain) => {
    const subject = text(s);
    if (truthy(isPlain)) {
      const at = subject.indexOf(text(pattern), Math.max(1, position(init, 1, subject.length)) - 1);
      return at < 0 ? [undefined] : [at + 1, at + text(pattern).length];
    }
    const found = searchFrom(subject, text(pattern), init);
    return found === null ? [undefined] : [found.index + 1, found.index + found[0].length, ...found.slice(1)];
  },
  gmatch: (s, pattern) => {
    const subject = text(s);
    const found = subject.matchAll(patternOf(text(pattern)));
    return [
      () => {
        const next = found.next();
        return next.done ? [undefined] : capturesOf(next.value);
      },
    ];
  },
  gsub: (s, pattern, replacement, limit) => {
    let count = 0;
    const most = limit === undefined ? Number.POSITIVE_INFINITY : number(limit);
    const replaced = text(s).replace(patternOf(text(pattern)), (...match) => {
      const groups = match.slice(
        1,
        match.findIndex((part) => typeof part === 'number'),
      ) as LuaValue[];
      const whole = match[0] as string;
      if (count === most) return whole;
      count++;
      const first = groups.length > 0 ? groups[0] : whole;
      let value: LuaValue;
      if (typeof replacement === 'function') value = replacement(...(groups.length > 0 ? groups : [whole]))[0];
      else if (replacement instanceof LuaTable) value = replacement.get(first);
      else {
        value = text(replacement).replace(/%(.)/gs, (_, c: string) => {
          if (c === '0') return whole;
          return /\d/.test(c) ? text(c === '1' ? first : groups[Number(c) - 1]) : c;
        });
      }
      return truthy(value) ? text(value) : whole;
    });
    return [replaced, count];
  },
  format: (format, ...values) => {
    let next = 0;
    const formatted = text(format).replace(/%([-+ #0]*)(\d*)(?:\.(\d+))?(.)/gs, (_, flags, width, precision, kind) => {
      if (kind === '%') return '%';
      const piece = formatOne(kind, precision === undefined ? undefined : Number(precision), values[next++], flags);
      const missing = Number(width) - piece.length;
      if (missing <= 0) return piece;
      if (flags.includes('-')) return piece + ' '.repeat(missing);
      if (!flags.includes('0') || kind === 's') return ' '.repeat(missing) + piece;
      return piece.startsWith('-') ? `-${'0'.repeat(missing)}${piece.slice(1)}` : '0'.repeat(missing) + piece;
    });
    return [formatted];
  },
});

function formatOne(kind: string, precision: number | undefined, value: LuaValue, flags: string): string {
  const sign = (n: number) => (flags.includes('+') && n >= 0 ? '+' : '');
  switch (kind) {
    case 's':
      return text(value === undefined ? 'nil' : typeof value === 'boolean' ? String(value) : value).slice(0, precision);
    case 'd':
    case 'i': {
      const whole = Math.trunc(number(value));
      return (
        sign(whole) +
        BigInt(whole)
          .toString()
          .padStart(precision ?? 0, '0')
      );
    }
    case 'u':
      return BigInt(Math.trunc(number(value))).toString();
    case 'x':
      return BigInt(Math.trunc(number(value)))
        .toString(16)
        .padStart(precision ?? 0, '0');
    case 'X':
      return BigInt(Math.trunc(number(value)))
        .toString(16)
        .toUpperCase()
        .padStart(precision ?? 0, '0');
    case 'c':
      return String.fromCharCode(number(value));
    case 'f': {
      const x = number(value);
      if (Math.abs(x) >= 1e21) return `${BigInt(x)}${precision === 0 ? '' : `.${'0'.repeat(precision ?? 6)}`}`;
      return sign(x) + toFixedToEven(x, precision ?? 6);
    }
    case 'g':
      return formatGeneral(number(value), precision ?? 6);
    default:
      throw new LuaError(`format '%${kind}' is not simulated`);
  }
}

/** C rounds exact ties to even, JavaScript up; with digits asked for, doubles seldom are exact ties. */
function toFixedToEven(x: number, digits: number): string {
  if (digits > 0 || Math.abs(x % 1) !== 0.5) return x.toFixed(digits);
  const floor = Math.floor(x);
  return String(floor % 2 === 0 ? floor : floor + 1);
}

export const tableLibrary = libraryOf({
  concat: (list, separator, from, to) => {
    const source = table(list);
    const last = to === undefined ? source.length : number(to);
    const pieces: string[] = [];
    for (let i = from === undefined ? 1 : number(from); i <= last; i++) pieces.push(concat(source.get(i), ''));
    return [pieces.join(separator === undefined ? '' : text(separator))];
  },
  insert: (list, ...rest) => {
    const target = table(list);
    if (rest.length === 1) target.set(target.length + 1, rest[0]);
    else target.list.splice(number(rest[0]) - 1, 0, rest[1]);
    return [];
  },
  remove: (list, at) => {
    const target = table(list);
    if (target.length === 0) return [undefined];
    return target.list.splice(at === undefined ? target.length - 1 : number(at) - 1, 1);
  },
  sort: (list, comparison) => {
    const before = (a: LuaValue, b: LuaValue) =>
      typeof comparison === 'function' ? truthy(comparison(a, b)[0]) : (a as number) < (b as number);
    table(list).list.sort((a, b) => (before(a, b) ? -1 : before(b, a) ? 1 : 0));
    return [];
  },
  getn: (list) => [table(list).length],
});

const ofNumber =
  (run: (x: number) => number): LuaFunction =>
  (x) => [run(number(x))];

export const mathLibrary = libraryOf({
  floor: ofNumber(Math.floor),
  ceil: ofNumber(Math.ceil),
  abs: ofNumber(Math.abs),
  sqrt: ofNumber(Math.sqrt),
  log: ofNumber(Math.log),
  exp: ofNumber(Math.exp),
  max: (...values) => [Math.max(...values.map(number))],
  min: (...values) => [Math.min(...values.map(number))],
  pow: (a, b) => [number(a) ** number(b)],
  fmod: (a, b) => [number(a) % number(b)],
  modf: (a) => [Math.trunc(number(a)), number(a) - Math.trunc(number(a))],
});
mathLibrary.set('huge', Number.POSITIVE_INFINITY);
mathLibrary.set('pi', Math.PI);

const folded = (run: (a: number, b: number) => number): LuaFunction => {
  return (...values) => [values.map(bits).reduce(run)];
};

function bits(value: LuaValue): number {
  return Number(BigInt.asIntN(32, BigInt(Math.round(number(value)))));
}

export const bitLibrary = libraryOf({
  tobit: (a) => [bits(a)],
  bnot: (a) => [~bits(a)],
  band: folded((a, b) => a & b),
  bor: folded((a, b) => a | b),
  bxor: folded((a, b) => a ^ b),
  lshift: (a, n) => [bits(a) << (bits(n) & 31)],
  rshift: (a, n) => [(bits(a) >>> (bits(n) & 31)) | 0],
  arshift: (a, n) => [bits(a) >> (bits(n) & 31)],
  tohex: (a) => [(bits(a) >>> 0).toString(16).padStart(8, '0')],
});
