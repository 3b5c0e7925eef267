export type TokenKind = 'name' | 'keyword' | 'number' | 'string' | 'symbol' | 'end';

export interface Token {
  readonly kind: TokenKind;
  /** Of a string: its content. */
  readonly text: string;
  readonly line: number;
}

const KEYWORDS = new Set(
  'and break do else elseif end false for function if in local nil not or repeat return then true until while'.split(
    ' ',
  ),
);
const SYMBOLS = ['...', '..', '==', '~=', '<=', '>=', ...'+-*/%^#<>=(){}[];:,.'];
const ESCAPES: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

/** Splits a Lua 5.1 chunk (bytes as latin1) into tokens; a first line `#!...` is skipped. */
export function tokensOf(source: string): Token[] {
  const tokens: Token[] = [];
  let at = source.startsWith('#') ? source.indexOf('\n') : 0;
  let line = 1;
  const push = (kind: TokenKind, text: string) => tokens.push({ kind, text, line });
  const fail = (what: string): never => {
    throw new Error(`Lua, line ${line}: ${what}`);
  };
  while (at < source.length) {
    const rest = source.slice(at, at + 64);
    const c = source[at]!;
    if (c === '\n') {
      line++;
      at++;
    } else if (c === ' ' || c === '\t' || c === '\r') at++;
    else if (/^--(\[=*\[)?/.test(rest)) {
      const long = /^--(\[(=*)\[)/.exec(rest);
      if (long !== null) {
        const end = source.indexOf(`]${long[2]}]`, at);
        if (end < 0) fail('unfinished comment');
        line += source.slice(at, end).split('\n').length - 1;
        at = end + long[2]!.length + 2;
      } else {
        const end = source.indexOf('\n', at);
        at = end < 0 ? source.length : end;
      }
    } else if (/^[A-Za-z_]/.test(c)) {
      const name = /^\w+/.exec(source.slice(at))![0];
      push(KEYWORDS.has(name) ? 'keyword' : 'name', name);
      at += name.length;
    } else if (/^\.?\d/.test(rest)) {
      const number = /^(0[xX][\da-fA-F]+|\d*\.?\d*(?:[eE][+-]?\d+)?)/.exec(rest)![0];
      push('number', number);
      at += number.length;
    } else if (c === '"' || c === "'") {
      let text = '';
      for (at++; source[at] !== c; at++) {
        const here = source[at];
        if (here === undefined || here === '\n') fail('unfinished string');
        if (here !== '\\') {
          text += here;
          continue;
        }
        const escapeName = source[++at]!;
        const digits = /^\d{1,3}/.exec(source.slice(at, at + 3))?.[0];
        if (digits !== undefined) {
          text += String.fromCharCode(Number(digits));
          at += digits.length - 1;
        } else text += ESCAPES[escapeName] ?? escapeName;
      }
      at++;
      push('string', text);
    } else if (/^\[=*\[/.test(rest)) {
      const level = /^\[(=*)\[/.exec(rest)![1]!.length;
      const end = source.indexOf(`]${'='.repeat(level)}]`, at);
      if (end < 0) fail('unfinished string');
      const text = source.slice(at + level + 2, end).replace(/^\r?\n/, '');
      push('string', text);
      line += source.slice(at, end).split('\n').length - 1;
      at = end + level + 2;
    } else {
      const symbol = SYMBOLS.find((one) => source.startsWith(one, at)) ?? fail(`unexpected '${c}'`);
      push('symbol', symbol);
      at += symbol.length;
    }
  }
  push('end', '<end>');
  return tokens;
}
