import type { Environment } from '../environment/environment.js';

/**
 * Which faults are in place on which link or process of an environment, so that faults compose: two that bring a link
 * down (or pause a process) bring it up only when both are lifted, and a probe after the lifting of one does not take
 * the effect of another for its own.
 */
export class Holds {
  readonly #holders = new Map<string, Set<Hold>>();
  readonly #queues = new Map<string, Promise<unknown>>();
  #count = 0;

  /** `effect` is what overlapping holders share: `down` on a link, `pause` on a process. */
  add(resource: string, effect: string): Hold {
    this.#count += 1;
    const hold: Hold = { id: this.#count, resource, effect };
    const holders = this.#holders.get(resource) ?? new Set();
    holders.add(hold);
    this.#holders.set(resource, holders);
    return hold;
  }

  /** Twice is safe. */
  release(hold: Hold): void {
    this.#holders.get(hold.resource)?.delete(hold);
  }

  /** Whether anything is in place on `resource`; with `effect`, whether that is. */
  isHeld(resource: string, effect?: string): boolean {
    const holders = [...(this.#holders.get(resource) ?? [])];
    return holders.some((hold) => effect === undefined || hold.effect === effect);
  }

  /** Runs `work` alone among all on `resource`: looking at the holds and acting on them must not be interleaved. */
  exclusively<T>(resource: string, work: () => Promise<T>): Promise<T> {
    const before = this.#queues.get(resource) ?? Promise.resolve();
    const result = before.then(work, work);
    this.#queues.set(resource, result);
    return result;
  }
}

export interface Hold {
  readonly id: number;
  readonly resource: string;
  readonly effect: string;
}

const holdsByEnvironment = new WeakMap<Environment, Holds>();

export function holdsOf(environment: Environment): Holds {
  const holds = holdsByEnvironment.get(environment) ?? new Holds();
  holdsByEnvironment.set(environment, holds);
  return holds;
}
