/**
 * Undoes what was done, last thing first, each step once and whatever the others do; then throws the first failure.
 * (The language's own AsyncDisposableStack needs a newer Node.)
 */
export class Disposal implements AsyncDisposable {
  #steps: (() => Promise<void>)[] = [];
  #disposed: Promise<void> | undefined;

  use<T extends AsyncDisposable>(resource: T): T {
    this.defer(async () => resource[Symbol.asyncDispose]());
    return resource;
  }

  defer(step: () => Promise<void>): void {
    this.#steps.push(step);
  }

  /** Hands everything over to a new owner; disposing of this one then does nothing. */
  move(): Disposal {
    const owner = new Disposal();
    owner.#steps = this.#steps;
    this.#steps = [];
    return owner;
  }

  /** Called again, it waits for the same end. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#disposed ??= this.#dispose();
    return this.#disposed;
  }

  async #dispose(): Promise<void> {
    const failures: unknown[] = [];
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) {
      await step().catch((error: unknown) => failures.push(error));
    }
    if (failures.length > 0) throw failures[0];
  }
}
