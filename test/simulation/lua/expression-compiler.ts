import type { Scopes } from './scopes.js';
import type { TokenCursor } from './token-cursor.js';

/** JavaScript of an expression: its single value, and, of a call or `...`, the list of all its values. */
export interface Expression {
  readonly single: string;
  readonly list?: string;
  /** Of what can be assigned to. */
  assign?(value: string): string;
}

const BINARY: Readonly<Record<string, readonly [left: number, right: number, operator: string]>> = {
  or: [1, 1, ''],
  and: [2, 2, ''],
  '<': [3, 3, 'less'],
  '>': [3, 3, 'less'],
  '<=': [3, 3, 'lessOrEqual'],
  '>=': [3, 3, 'lessOrEqual'],
  '~=': [3, 3, '!=='],
  '==': [3, 3, '==='],
  '..': [5, 4, 'concat'],
  '+': [6, 6, 'add'],
  '-': [6, 6, 'subtract'],
  '*': [7, 7, 'multiply'],
  '/': [7, 7, 'divide'],
  '%': [7, 7, 'modulo'],
  '^': [10, 9, 'power'],
};
const UNARY_PRIORITY = 8;

/** Compiles expressions, and lists of them. */
export class ExpressionCompiler {
  readonly #cursor: TokenCursor;
  readonly #scopes: Scopes;
  /** JavaScript of the function whose parameters begin here. */
  readonly #functionBody: () => string;

  constructor(cursor: TokenCursor, scopes: Scopes, functionBody: () => string) {
    this.#cursor = cursor;
    this.#scopes = scopes;
    this.#functionBody = functionBody;
  }

  list(): Expression[] {
    const list = [this.expression()];
    while (this.#cursor.accept(',')) list.push(this.expression());
    return list;
  }

  /** JavaScript of the array of all values of a list: its last expression may have several. */
  valueList(expressions: readonly Expression[]): string {
    const last = expressions.at(-1);
    if (expressions.length === 1 && last?.list !== undefined) return last.list;
    return `[${this.#spread(expressions)}]`;
  }

  #spread(expressions: readonly Expression[]): string {
    return expressions
      .map(({ single, list }, i) => (i === expressions.length - 1 && list !== undefined ? `...${list}` : single))
      .join(', ');
  }

  expression(limit = 0): Expression {
    let left = this.#operand();
    for (;;) {
      const { text, kind } = this.#cursor.token;
      const operator = kind === 'symbol' || kind === 'keyword' ? BINARY[text] : undefined;
      if (operator === undefined || operator[0] <= limit) return left;
      this.#cursor.take();
      const right = this.expression(operator[1]);
      left = { single: this.#binary(text, operator[2], left.single, right.single) };
    }
  }

  #binary(text: string, name: string, left: string, right: string): string {
    if (text === 'and' || text === 'or') {
      const temporary = this.#scopes.temporary();
      const test = `truthy(${temporary} = ${left})`;
      return text === 'and' ? `(${test} ? ${right} : ${temporary})` : `(${test} ? ${temporary} : ${right})`;
    }
    if (text === '==' || text === '~=') return `(${left} ${name} ${right})`;
    // Both sides are evaluated left to right also where they change places.
    if (text === '>' || text === '>=') {
      const temporary = this.#scopes.temporary();
      return `(${temporary} = ${left}, ${name}(${right}, ${temporary}))`;
    }
    return `${name}(${left}, ${right})`;
  }

  #operand(): Expression {
    if (this.#cursor.accept('not')) return { single: `!truthy(${this.expression(UNARY_PRIORITY).single})` };
    if (this.#cursor.accept('-')) return { single: `negate(${this.expression(UNARY_PRIORITY).single})` };
    if (this.#cursor.accept('#')) return { single: `lengthOf(${this.expression(UNARY_PRIORITY).single})` };
    const { kind, text } = this.#cursor.token;
    if (kind === 'number' || kind === 'string') {
      this.#cursor.take();
      return { single: kind === 'number' ? String(Number(text)) : JSON.stringify(text) };
    }
    if (this.#cursor.accept('nil')) return { single: 'undefined' };
    if (this.#cursor.accept('true')) return { single: 'true' };
    if (this.#cursor.accept('false')) return { single: 'false' };
    if (this.#cursor.accept('...')) {
      if (!this.#scopes.takesRest) this.#cursor.fail("cannot use '...' outside a vararg function");
      return { single: '$rest[0]', list: '$rest' };
    }
    if (this.#cursor.accept('function')) return { single: this.#functionBody() };
    if (this.#cursor.is('{')) return { single: this.#table() };
    return this.suffixed();
  }

  suffixed(): Expression {
    let expression: Expression;
    let label = this.#cursor.token.text;
    if (this.#cursor.accept('(')) {
      expression = { single: this.expression().single };
      this.#cursor.expect(')');
    } else {
      const name = this.#cursor.name();
      const local = this.#scopes.resolve(name);
      expression =
        local === undefined
          ? { single: `global(${JSON.stringify(name)})` }
          : { single: local, assign: (value) => `${local} = ${value}` };
    }
    for (;;) {
      const target = expression.single;
      if (this.#cursor.accept('.')) {
        label = this.#cursor.name();
        expression = indexed(target, JSON.stringify(label));
      } else if (this.#cursor.accept('[')) {
        expression = indexed(target, this.expression().single);
        this.#cursor.expect(']');
      } else if (this.#cursor.accept(':')) {
        label = this.#cursor.name();
        const temporary = this.#scopes.temporary();
        const method = `callable(index(${temporary} = ${target}, ${JSON.stringify(label)}), ${JSON.stringify(label)})`;
        expression = call(method, [temporary, this.#arguments()].filter((part) => part !== '').join(', '));
      } else if (this.#cursor.is('(') || this.#cursor.is('{') || this.#cursor.token.kind === 'string') {
        expression = call(`callable(${target}, ${JSON.stringify(label)})`, this.#arguments());
      } else return expression;
    }
  }

  #arguments(): string {
    if (this.#cursor.token.kind === 'string') return JSON.stringify(this.#cursor.take().text);
    if (this.#cursor.is('{')) return this.#table();
    this.#cursor.expect('(');
    const list = this.#cursor.is(')') ? [] : this.list();
    this.#cursor.expect(')');
    return this.#spread(list);
  }

  #table(): string {
    this.#cursor.expect('{');
    const list: Expression[] = [];
    const pairs: string[] = [];
    while (!this.#cursor.is('}')) {
      const isNamed = this.#cursor.token.kind === 'name' && this.#cursor.following?.text === '=';
      if (isNamed) {
        pairs.push(JSON.stringify(this.#cursor.name()));
        this.#cursor.expect('=');
        pairs.push(this.expression().single);
      } else if (this.#cursor.accept('[')) {
        pairs.push(this.expression().single);
        this.#cursor.expect(']');
        this.#cursor.expect('=');
        pairs.push(this.expression().single);
      } else list.push(this.expression());
      if (!this.#cursor.accept(',') && !this.#cursor.accept(';')) break;
    }
    this.#cursor.expect('}');
    return `construct([${this.#spread(list)}], [${pairs.join(', ')}])`;
  }
}

function indexed(target: string, key: string): Expression {
  return { single: `index(${target}, ${key})`, assign: (value) => `setIndex(${target}, ${key}, ${value})` };
}

function call(callee: string, args: string): Expression {
  return { single: `${callee}(${args})[0]`, list: `${callee}(${args})` };
}
