import type { Token } from './lexer.js';

/** A place in a list of tokens, of which the last is the end. */
export class TokenCursor {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  get token(): Token {
    return this.#tokens[this.#at]!;
  }

  get following(): Token | undefined {
    return this.#tokens[this.#at + 1];
  }

  take(): Token {
    return this.#tokens[this.#at++]!;
  }

  fail(what: string): never {
    throw new Error(`Lua, line ${this.token.line}: ${what} near '${this.token.text}'`);
  }

  /** Whether the keyword or symbol `text` is here. */
  is(text: string): boolean {
    const { kind, text: found } = this.token;
    return found === text && (kind === 'symbol' || kind === 'keyword' || kind === 'end');
  }

  accept(text: string): boolean {
    if (!this.is(text)) return false;
    this.#at++;
    return true;
  }

  expect(text: string): void {
    if (!this.accept(text)) this.fail(`'${text}' expected`);
  }

  name(): string {
    if (this.token.kind !== 'name') this.fail('name expected');
    return this.take().text;
  }
}
