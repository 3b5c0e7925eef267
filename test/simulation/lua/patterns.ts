import { LuaError } from './operators.js';

const CLASSES: Readonly<Record<string, string>> = {
  a: 'A-Za-z',
  c: '\\0-\\x1f\\x7f',
  d: '0-9',
  l: 'a-z',
  p: '!-\\/:-@\\[-`{-~',
  s: ' \\t-\\r',
  u: 'A-Z',
  w: 'A-Za-z0-9',
  x: '0-9A-Fa-f',
  z: '\\0',
};

const known = new Map<string, RegExp>();

/**
 * The regular expression that matches what a Lua pattern does: quantifiers of Lua apply to single characters only, so
 * that both back-track alike. Position captures, `%b`, `%f` and back references are refused.
 */
export function patternOf(pattern: string): RegExp {
  let expression = known.get(pattern);
  if (expression === undefined) {
    expression = new RegExp(translated(pattern), 'gs');
    known.set(pattern, expression);
  }
  return expression;
}

function literal(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}

function translated(pattern: string): string {
  let source = '';
  let at = 0;
  if (pattern[0] === '^') {
    source = '^';
    at = 1;
  }
  while (at < pattern.length) {
    const c = pattern[at]!;
    if (c === '(' || c === ')') {
      if (c === '(' && pattern[at + 1] === ')') throw new LuaError('position captures are not simulated');
      source += c;
      at++;
      continue;
    }
    if (c === '$' && at + 1 === pattern.length) {
      source += '$';
      break;
    }
    const [single, next] = singleAt(pattern, at);
    const suffix = pattern[next] ?? '';
    source += single;
    if ('*+?'.includes(suffix) && suffix !== '') source += suffix;
    else if (suffix === '-') source += '*?';
    else {
      at = next;
      continue;
    }
    at = next + 1;
  }
  return source;
}

/** Expression of the single character class at `at`, and where it ends. */
function singleAt(pattern: string, at: number): [string, number] {
  const c = pattern[at]!;
  if (c === '.') return ['.', at + 1];
  if (c === '%') return [escaped(pattern[at + 1], false), at + 2];
  if (c !== '[') return [literal(c), at + 1];
  let set = '';
  let i = at + 1;
  const isNegated = pattern[i] === '^';
  if (isNegated) i++;
  for (let isFirst = true; isFirst || pattern[i] !== ']'; isFirst = false) {
    const here = pattern[i];
    if (here === undefined) throw new LuaError("malformed pattern (missing ']')");
    if (here === '%') {
      set += escaped(pattern[i + 1], true);
      i += 2;
    } else if (here === '-' && set !== '' && pattern[i + 1] !== ']') {
      set += '-';
      i++;
    } else {
      set += literal(here);
      i++;
    }
  }
  return [`[${isNegated ? '^' : ''}${set}]`, i + 1];
}

function escaped(c: string | undefined, isInSet: boolean): string {
  if (c === undefined) throw new LuaError("malformed pattern (ends with '%')");
  if (/[bf\d]/.test(c)) throw new LuaError(`%${c} in a pattern is not simulated`);
  const members = CLASSES[c.toLowerCase()];
  if (members === undefined) return literal(c);
  if (/[a-z]/.test(c)) return isInSet ? members : `[${members}]`;
  if (isInSet) throw new LuaError(`%${c} inside a set is not simulated`);
  return `[^${members}]`;
}
