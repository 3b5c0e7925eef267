import { type Expression, ExpressionCompiler } from './expression-compiler.js';
import { type Token, tokensOf } from './lexer.js';
import * as operators from './operators.js';
import { Scopes } from './scopes.js';
import { type LuaFunction, LuaTable, type LuaValue } from './table.js';
import { TokenCursor } from './token-cursor.js';

export interface LuaEnvironment {
  /** Value of a global; an unknown one throws, as in Redis. */
  global(name: string): LuaValue;
  index(target: LuaValue, key: LuaValue): LuaValue;
}

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
  readonly #cursor: TokenCursor;
  readonly #scopes = new Scopes();
  readonly #expressions: ExpressionCompiler;

  constructor(tokens: readonly Token[]) {
    this.#cursor = new TokenCursor(tokens);
    this.#expressions = new ExpressionCompiler(this.#cursor, this.#scopes, () => this.#functionBody());
  }

  chunk(): string {
    const body = this.#function([], true, '<end>');
    if (this.#cursor.token.kind !== 'end') this.#cursor.fail("'<eof>' expected");
    return body;
  }

  #function(parameters: readonly string[], takesRest: boolean, end: string): string {
    const [[names, body], temporaries] = this.#scopes.inFunction(takesRest, () => {
      const declared = parameters.map((name) => this.#scopes.declare(name));
      return [declared, this.#block()] as const;
    });
    if (end !== '<end>') this.#cursor.expect(end);
    const parametersText = [...names, ...(takesRest ? ['...$rest'] : [])].join(', ');
    const declared = temporaries.length === 0 ? '' : `let ${temporaries.join(', ')};\n`;
    return `((${parametersText}) => {\n${declared}${body}return [];\n})`;
  }

  #functionBody(): string {
    this.#cursor.expect('(');
    const parameters: string[] = [];
    let takesRest = false;
    while (!this.#cursor.is(')')) {
      if (this.#cursor.accept('...')) takesRest = true;
      else parameters.push(this.#cursor.name());
      if (!this.#cursor.accept(',')) break;
    }
    this.#cursor.expect(')');
    return this.#function(parameters, takesRest, 'end');
  }

  #scoped(): string {
    return this.#scopes.inBlock(() => this.#block());
  }

  #block(): string {
    let code = '';
    while (
      !(
        this.#cursor.token.kind !== 'name' &&
        BLOCK_ENDS.has(this.#cursor.token.text) &&
        this.#cursor.token.kind !== 'string'
      )
    ) {
      if (this.#cursor.accept('return')) {
        const isBare = this.#cursor.is(';') || BLOCK_ENDS.has(this.#cursor.token.text);
        code += `return ${isBare ? '[]' : this.#expressions.valueList(this.#expressions.list())};\n`;
        this.#cursor.accept(';');
        break;
      }
      code += this.#statement();
      this.#cursor.accept(';');
    }
    return code;
  }

  #statement(): string {
    if (this.#cursor.accept('local')) return this.#local();
    if (this.#cursor.accept('if')) return this.#if();
    if (this.#cursor.accept('for')) return this.#for();
    if (this.#cursor.accept('while')) {
      const condition = this.#expressions.expression().single;
      this.#cursor.expect('do');
      const body = this.#scoped();
      this.#cursor.expect('end');
      return `while (truthy(${condition})) {\n${body}}\n`;
    }
    if (this.#cursor.accept('repeat')) {
      // The condition sees what the body declares.
      const [body, condition] = this.#scopes.inBlock(() => {
        const statements = this.#block();
        this.#cursor.expect('until');
        return [statements, this.#expressions.expression().single] as const;
      });
      return `for (;;) {\n${body}if (truthy(${condition})) break;\n}\n`;
    }
    if (this.#cursor.accept('do')) {
      const body = this.#scoped();
      this.#cursor.expect('end');
      return `{\n${body}}\n`;
    }
    if (this.#cursor.accept('break')) return 'break;\n';
    if (this.#cursor.accept('function')) this.#cursor.fail('global functions are not simulated');
    return this.#assignmentOrCall();
  }

  #local(): string {
    if (this.#cursor.accept('function')) {
      const identifier = this.#scopes.declare(this.#cursor.name());
      return `let ${identifier};\n${identifier} = ${this.#functionBody()};\n`;
    }
    const names = [this.#cursor.name()];
    while (this.#cursor.accept(',')) names.push(this.#cursor.name());
    const values = this.#cursor.accept('=') ? this.#expressions.list() : [];
    if (names.length === 1 && values.length <= 1) {
      const value = values[0]?.single;
      return `let ${this.#scopes.declare(names[0]!)}${value === undefined ? '' : ` = ${value}`};\n`;
    }
    const list = this.#expressions.valueList(values);
    return `let [${names.map((name) => this.#scopes.declare(name)).join(', ')}] = ${list};\n`;
  }

  #if(): string {
    let code = '';
    let closing = '';
    for (;;) {
      const condition = this.#expressions.expression().single;
      this.#cursor.expect('then');
      code += `if (truthy(${condition})) {\n${this.#scoped()}}`;
      if (this.#cursor.accept('elseif')) {
        code += ' else ';
        continue;
      }
      if (this.#cursor.accept('else')) closing = ` else {\n${this.#scoped()}}`;
      this.#cursor.expect('end');
      return `${code}${closing}\n`;
    }
  }

  #for(): string {
    const names = [this.#cursor.name()];
    if (this.#cursor.accept('=')) {
      const bounds = this.#expressions.list().map(({ single }) => `add(${single}, 0)`);
      const [first, limit, step = '1'] = bounds;
      const id = this.#scopes.fresh();
      this.#cursor.expect('do');
      const [variable, body] = this.#scopes.inBlock(() => [this.#scopes.declare(names[0]!), this.#block()] as const);
      this.#cursor.expect('end');
      return `for (let $i${id} = ${first}, $l${id} = ${limit}, $s${id} = ${step}; $s${id} > 0 ? $i${id} <= $l${id} : $i${id} >= $l${id}; $i${id} += $s${id}) {\nlet ${variable} = $i${id};\n${body}}\n`;
    }
    while (this.#cursor.accept(',')) names.push(this.#cursor.name());
    this.#cursor.expect('in');
    const id = this.#scopes.fresh();
    const values = this.#expressions.valueList(this.#expressions.list());
    this.#cursor.expect('do');
    const [variables, body] = this.#scopes.inBlock(() => {
      return [names.map((name) => this.#scopes.declare(name)), this.#block()] as const;
    });
    this.#cursor.expect('end');
    return `for (let [$f${id}, $s${id}, $c${id}] = ${values};;) {\nlet [${variables.join(', ')}] = callable($f${id}, 'for iterator')($s${id}, $c${id});\nif (${variables[0]} === undefined) break;\n$c${id} = ${variables[0]};\n${body}}\n`;
  }

  #assignmentOrCall(): string {
    const targets = [this.#expressions.suffixed()];
    if (!this.#cursor.is('=') && !this.#cursor.is(',')) {
      if (targets[0]!.list === undefined) this.#cursor.fail('syntax error');
      return `${targets[0]!.list};\n`;
    }
    while (this.#cursor.accept(',')) targets.push(this.#expressions.suffixed());
    this.#cursor.expect('=');
    const values = this.#expressions.list();
    const assign = (target: Expression, value: string) =>
      `${target.assign === undefined ? this.#cursor.fail('cannot assign') : target.assign(value)};\n`;
    if (targets.length === 1 && values.length === 1) return assign(targets[0]!, values[0]!.single);
    const id = this.#scopes.fresh();
    const stores = targets.map((target, i) => assign(target, `$v${id}[${i}]`)).join('');
    return `{ const $v${id} = ${this.#expressions.valueList(values)};\n${stores}}\n`;
  }
}
