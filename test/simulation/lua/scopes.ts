interface FunctionScope {
  temporaries: number;
  readonly takesRest: boolean;
}

/** Which names of Lua are known where, and what they are called in JavaScript. */
export class Scopes {
  readonly #blocks: Map<string, string>[] = [];
  readonly #functions: FunctionScope[] = [];
  #names = 0;

  /** A number that nothing else has. */
  fresh(): number {
    return ++this.#names;
  }

  declare(name: string): string {
    const identifier = `${name}$${this.fresh()}`;
    this.#blocks.at(-1)!.set(name, identifier);
    return identifier;
  }

  /** Undefined for a global. */
  resolve(name: string): string | undefined {
    return this.#blocks.findLast((block) => block.has(name))?.get(name);
  }

  /** A variable of the function, for one expression. */
  temporary(): string {
    return `$t${++this.#functions.at(-1)!.temporaries}`;
  }

  get takesRest(): boolean {
    return this.#functions.at(-1)!.takesRest;
  }

  inBlock<T>(body: () => T): T {
    this.#blocks.push(new Map());
    const made = body();
    this.#blocks.pop();
    return made;
  }

  /** Returns what `body` made, and the names of the temporary variables that it needs. */
  inFunction<T>(takesRest: boolean, body: () => T): readonly [made: T, temporaries: readonly string[]] {
    const scope: FunctionScope = { temporaries: 0, takesRest };
    this.#functions.push(scope);
    const made = this.inBlock(body);
    this.#functions.pop();
    return [made, Array.from({ length: scope.temporaries }, (_, i) => `$t${i + 1}`)];
  }
}
