/** `between`: neither bad enough to be raised for, nor good enough to be cleared for. */
export type Verdict = 'sick' | 'well' | 'between';

/** Hysteresis: raised by so many verdicts `sick` in a row, cleared by so many `well` in a row. */
export class Trigger {
  readonly #raiseAfter: number;
  readonly #clearAfter: number;
  /** In a row, towards the other state. */
  #streak = 0;
  #isRaised = false;

  constructor(raiseAfter: number, clearAfter: number) {
    this.#raiseAfter = raiseAfter;
    this.#clearAfter = clearAfter;
  }

  get isRaised(): boolean {
    return this.#isRaised;
  }

  /** Returns whether it is raised now. */
  step(verdict: Verdict): boolean {
    const isTowards = verdict === (this.#isRaised ? 'well' : 'sick');
    this.#streak = isTowards ? this.#streak + 1 : 0;
    if (this.#streak >= (this.#isRaised ? this.#clearAfter : this.#raiseAfter)) {
      this.#isRaised = !this.#isRaised;
      this.#streak = 0;
    }
    return this.#isRaised;
  }

  reset(): void {
    this.#streak = 0;
    this.#isRaised = false;
  }
}
