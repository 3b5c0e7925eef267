import { type Token, tokensOf } from './lexer.js';
import * as operators from './operators.js';
import { type LuaFunction, LuaTable, type LuaValue } from './table.js';

/** JavaScript of an expression: its single value, and, of a call or `...`, the list of all its values. */
interface Expression {
  readonly single: string;
  readonly list?: string;
  /** Of what can be assigned to. */
  assign?(value: string): string;
}

interface FunctionScope {
  temporaries: number;
  readonly takesRest: boolean;
}

export interface LuaEnvironment {
  /** Value of a global; an unknown one throws, as in Redis. */
  global(name: string): LuaValue;
  index(target: LuaValue, key: LuaValue): LuaValue;
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
const BLOCK_ENDS = new Set(['end', 'else', 'elseif', 'until', '<end>']);

/**
 * Compiles a chunk of Lua 5.1 to JavaScript: the numbers of both are doubles and their strings (bytes as latin1) compare
 * alike, and a call costs microseconds. Metatables, coroutines and assignments to globals do not exist here; whatever is
 * not known throws. What it computes is compared with a real Redis (conformance.test.ts).
 */
export function compileLua(source: string, environment: LuaEnvironment): LuaFunction {
  const code = new Compiler(tokensOf(source)).chunk();
  const build = new Function('lua', 'environment', `'use strict';\n${HEAD}\nreturn ${code};`);
  return build({ ...operators, LuaTable }, environment) as LuaFunction;
}

const HEAD = `const { truthy, add, subtract, multiply, divide, modulo, power, negate, concat, less, lessOrEqual, lengthOf,
  setIndex, callable, construct } = lua;
const { global, index } = environment;`;

class Compiler {
  readonly #tokens: readonly Token[];
  #at = 0;
  #names = 0;
  #scopes: Map<string, string>[] = [];
  #functions: FunctionScope[] = [];

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  chunk(): string {
    const body = this.#function([], true, '<end>');
    if (this.#token.kind !== 'end') this.#fail("'<eof>' expected");
    return body;
  }

  get #token(): Token {
    return this.#tokens[this.#at]!;
  }

  #fail(what: string): never {
    throw new Error(`Lua, line ${this.#token.line}: ${what} near '${this.#token.text}'`);
  }

  #is(text: string): boolean {
    const { kind, text: found } = this.#token;
    return found === text && (kind === 'symbol' || kind === 'keyword' || kind === 'end');
  }

  #accept(text: string): boolean {
    if (!this.#is(text)) return false;
    this.#at++;
    return true;
  }

  #expect(text: string): void {
    if (!this.#accept(text)) this.#fail(`'${text}' expected`);
  }

  #name(): string {
    if (this.#token.kind !== 'name') this.#fail('name expected');
    return this.#tokens[this.#at++]!.text;
  }

  #declare(name: string): string {
    const identifier = `${name}$${++this.#names}`;
    this.#scopes.at(-1)!.set(name, identifier);
    return identifier;
  }

  #resolve(name: string): string | undefined {
    return this.#scopes.findLast((scope) => scope.has(name))?.get(name);
  }

  #temporary(): string {
    return `$t${++this.#functions.at(-1)!.temporaries}`;
  }

  #function(parameters: readonly string[], takesRest: boolean, end: string): string {
    const scope: FunctionScope = { temporaries: 0, takesRest };
    this.#functions.push(scope);
    this.#scopes.push(new Map());
    const names = parameters.map((name) => this.#declare(name));
    if (takesRest) names.push('...$rest');
    const body = this.#block();
    if (end !== '<end>') this.#expect(end);
    this.#scopes.pop();
    this.#functions.pop();
    const temporaries = Array.from({ length: scope.temporaries }, (_, i) => `$t${i + 1}`);
    const declared = temporaries.length === 0 ? '' : `let ${temporaries.join(', ')};\n`;
    return `((${names.join(', ')}) => {\n${declared}${body}return [];\n})`;
  }

  #functionBody(isMethod: boolean): string {
    this.#expect('(');
    const parameters = isMethod ? ['self'] : [];
    let takesRest = false;
    while (!this.#is(')')) {
      if (this.#accept('...')) takesRest = true;
      else parameters.push(this.#name());
      if (!this.#accept(',')) break;
    }
    this.#expect(')');
    return this.#function(parameters, takesRest, 'end');
  }

  #scoped(): string {
    this.#scopes.push(new Map());
    const code = this.#block();
    this.#scopes.pop();
    return code;
  }

  #block(): string {
    let code = '';
    while (!(this.#token.kind !== 'name' && BLOCK_ENDS.has(this.#token.text) && this.#token.kind !== 'string')) {
      if (this.#accept('return')) {
        const isBare = this.#is(';') || BLOCK_ENDS.has(this.#token.text);
        code += `return ${isBare ? '[]' : this.#valueList(this.#expressions())};\n`;
        this.#accept(';');
        break;
      }
      code += this.#statement();
      this.#accept(';');
    }
    return code;
  }

  #statement(): string {
    if (this.#accept('local')) return this.#local();
    if (this.#accept('if')) return this.#if();
    if (this.#accept('for')) return this.#for();
    if (this.#accept('while')) {
      const condition = this.#expression().single;
      this.#expect('do');
      const body = this.#scoped();
      this.#expect('end');
      return `while (truthy(${condition})) {\n${body}}\n`;
    }
    if (this.#accept('repeat')) {
      this.#scopes.push(new Map());
      const body = this.#block();
      this.#expect('until');
      const condition = this.#expression().single;
      this.#scopes.pop();
      return `for (;;) {\n${body}if (truthy(${condition})) break;\n}\n`;
    }
    if (this.#accept('do')) {
      const body = this.#scoped();
      this.#expect('end');
      return `{\n${body}}\n`;
    }
    if (this.#accept('break')) return 'break;\n';
    if (this.#accept('function')) this.#fail('global functions are not simulated');
    return this.#assignmentOrCall();
  }

  #local(): string {
    if (this.#accept('function')) {
      const identifier = this.#declare(this.#name());
      return `let ${identifier};\n${identifier} = ${this.#functionBody(false)};\n`;
    }
    const names = [this.#name()];
    while (this.#accept(',')) names.push(this.#name());
    const values = this.#accept('=') ? this.#expressions() : [];
    if (names.length === 1 && values.length <= 1) {
      const value = values[0]?.single;
      return `let ${this.#declare(names[0]!)}${value === undefined ? '' : ` = ${value}`};\n`;
    }
    const list = this.#valueList(values);
    return `let [${names.map((name) => this.#declare(name)).join(', ')}] = ${list};\n`;
  }

  #if(): string {
    let code = '';
    let closing = '';
    for (;;) {
      const condition = this.#expression().single;
      this.#expect('then');
      code += `if (truthy(${condition})) {\n${this.#scoped()}}`;
      if (this.#accept('elseif')) {
        code += ' else ';
        continue;
      }
      if (this.#accept('else')) closing = ` else {\n${this.#scoped()}}`;
      this.#expect('end');
      return `${code}${closing}\n`;
    }
  }

  #for(): string {
    const names = [this.#name()];
    if (this.#accept('=')) {
      const bounds = this.#expressions().map(({ single }) => `add(${single}, 0)`);
      const [first, limit, step = '1'] = bounds;
      const id = ++this.#names;
      this.#expect('do');
      this.#scopes.push(new Map());
      const variable = this.#declare(names[0]!);
      const body = this.#block();
      this.#scopes.pop();
      this.#expect('end');
      return `for (let $i${id} = ${first}, $l${id} = ${limit}, $s${id} = ${step}; $s${id} > 0 ? $i${id} <= $l${id} : $i${id} >= $l${id}; $i${id} += $s${id}) {\nlet ${variable} = $i${id};\n${body}}\n`;
    }
    while (this.#accept(',')) names.push(this.#name());
    this.#expect('in');
    const id = ++this.#names;
    const values = this.#valueList(this.#expressions());
    this.#expect('do');
    this.#scopes.push(new Map());
    const variables = names.map((name) => this.#declare(name));
    const body = this.#block();
    this.#scopes.pop();
    this.#expect('end');
    return `for (let [$f${id}, $s${id}, $c${id}] = ${values};;) {\nlet [${variables.join(', ')}] = callable($f${id}, 'for iterator')($s${id}, $c${id});\nif (${variables[0]} === undefined) break;\n$c${id} = ${variables[0]};\n${body}}\n`;
  }

  #assignmentOrCall(): string {
    const targets = [this.#suffixed()];
    if (!this.#is('=') && !this.#is(',')) {
      if (targets[0]!.list === undefined) this.#fail('syntax error');
      return `${targets[0]!.list};\n`;
    }
    while (this.#accept(',')) targets.push(this.#suffixed());
    this.#expect('=');
    const values = this.#expressions();
    const assign = (target: Expression, value: string) =>
      `${target.assign === undefined ? this.#fail('cannot assign') : target.assign(value)};\n`;
    if (targets.length === 1 && values.length === 1) return assign(targets[0]!, values[0]!.single);
    const id = ++this.#names;
    const stores = targets.map((target, i) => assign(target, `$v${id}[${i}]`)).join('');
    return `{ const $v${id} = ${this.#valueList(values)};\n${stores}}\n`;
  }

  #expressions(): Expression[] {
    const list = [this.#expression()];
    while (this.#accept(',')) list.push(this.#expression());
    return list;
  }

  /** JavaScript of the array of all values of a list: its last expression may have several. */
  #valueList(expressions: readonly Expression[]): string {
    const last = expressions.at(-1);
    if (expressions.length === 1 && last?.list !== undefined) return last.list;
    return `[${this.#spread(expressions)}]`;
  }

  #spread(expressions: readonly Expression[]): string {
    return expressions
      .map(({ single, list }, i) => (i === expressions.length - 1 && list !== undefined ? `...${list}` : single))
      .join(', ');
  }

  #expression(limit = 0): Expression {
    let left = this.#operand();
    for (;;) {
      const { text, kind } = this.#token;
      const operator = kind === 'symbol' || kind === 'keyword' ? BINARY[text] : undefined;
      if (operator === undefined || operator[0] <= limit) return left;
      this.#at++;
      const right = this.#expression(operator[1]);
      left = { single: this.#binary(text, operator[2], left.single, right.single) };
    }
  }

  #binary(text: string, name: string, left: string, right: string): string {
    if (text === 'and' || text === 'or') {
      const temporary = this.#temporary();
      const test = `truthy(${temporary} = ${left})`;
      return text === 'and' ? `(${test} ? ${right} : ${temporary})` : `(${test} ? ${temporary} : ${right})`;
    }
    if (text === '==' || text === '~=') return `(${left} ${name} ${right})`;
    // Both sides are evaluated left to right also where they change places.
    if (text === '>' || text === '>=') {
      const temporary = this.#temporary();
      return `(${temporary} = ${left}, ${name}(${right}, ${temporary}))`;
    }
    return `${name}(${left}, ${right})`;
  }

  #operand(): Expression {
    if (this.#accept('not')) return { single: `!truthy(${this.#expression(UNARY_PRIORITY).single})` };
    if (this.#accept('-')) return { single: `negate(${this.#expression(UNARY_PRIORITY).single})` };
    if (this.#accept('#')) return { single: `lengthOf(${this.#expression(UNARY_PRIORITY).single})` };
    const { kind, text } = this.#token;
    if (kind === 'number' || kind === 'string') {
      this.#at++;
      return { single: kind === 'number' ? String(Number(text)) : JSON.stringify(text) };
    }
    if (this.#accept('nil')) return { single: 'undefined' };
    if (this.#accept('true')) return { single: 'true' };
    if (this.#accept('false')) return { single: 'false' };
    if (this.#accept('...')) {
      if (!this.#functions.at(-1)!.takesRest) this.#fail("cannot use '...' outside a vararg function");
      return { single: '$rest[0]', list: '$rest' };
    }
    if (this.#accept('function')) return { single: this.#functionBody(false) };
    if (this.#is('{')) return { single: this.#table() };
    return this.#suffixed();
  }

  #suffixed(): Expression {
    let expression: Expression;
    let label = this.#token.text;
    if (this.#accept('(')) {
      expression = { single: this.#expression().single };
      this.#expect(')');
    } else {
      const name = this.#name();
      const local = this.#resolve(name);
      expression =
        local === undefined
          ? { single: `global(${JSON.stringify(name)})` }
          : { single: local, assign: (value) => `${local} = ${value}` };
    }
    for (;;) {
      const target = expression.single;
      if (this.#accept('.')) {
        label = this.#name();
        expression = indexed(target, JSON.stringify(label));
      } else if (this.#accept('[')) {
        expression = indexed(target, this.#expression().single);
        this.#expect(']');
      } else if (this.#accept(':')) {
        label = this.#name();
        const temporary = this.#temporary();
        const method = `callable(index(${temporary} = ${target}, ${JSON.stringify(label)}), ${JSON.stringify(label)})`;
        expression = call(method, [temporary, this.#arguments()].filter((part) => part !== '').join(', '));
      } else if (this.#is('(') || this.#is('{') || this.#token.kind === 'string') {
        expression = call(`callable(${target}, ${JSON.stringify(label)})`, this.#arguments());
      } else return expression;
    }
  }

  #arguments(): string {
    if (this.#token.kind === 'string') return JSON.stringify(this.#tokens[this.#at++]!.text);
    if (this.#is('{')) return this.#table();
    this.#expect('(');
    const list = this.#is(')') ? [] : this.#expressions();
    this.#expect(')');
    return this.#spread(list);
  }

  #table(): string {
    this.#expect('{');
    const list: Expression[] = [];
    const pairs: string[] = [];
    while (!this.#is('}')) {
      const isNamed = this.#token.kind === 'name' && this.#tokens[this.#at + 1]?.text === '=';
      if (isNamed) {
        pairs.push(JSON.stringify(this.#name()));
        this.#expect('=');
        pairs.push(this.#expression().single);
      } else if (this.#accept('[')) {
        pairs.push(this.#expression().single);
        this.#expect(']');
        this.#expect('=');
        pairs.push(this.#expression().single);
      } else list.push(this.#expression());
      if (!this.#accept(',') && !this.#accept(';')) break;
    }
    this.#expect('}');
    return `construct([${this.#spread(list)}], [${pairs.join(', ')}])`;
  }
}

function indexed(target: string, key: string): Expression {
  return { single: `index(${target}, ${key})`, assign: (value) => `setIndex(${target}, ${key}, ${value})` };
}

function call(callee: string, args: string): Expression {
  return { single: `${callee}(${args})[0]`, list: `${callee}(${args})` };
}
