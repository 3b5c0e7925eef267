import { type Clock, pause } from '../clock.js';
import type { Delivery } from '../groups/delivery.js';
import type { Fenced } from '../groups/lease-scripts.js';
import type { Tenure } from '../groups/tenure.js';
import { markSuspect } from './suspect-script.js';
import { refOf } from './suspicion.js';

export interface SuspectTrialsOptions {
  readonly owner: string;
  readonly clock: Clock;
  /** Deaths after which a message is not tried any more. */
  readonly maxKills: number;
  /** A trial that takes longer says nothing: the next one begins. */
  readonly limitMs: number;
  /** Has it handled before others; `isAlone`: while nothing else is. */
  handOut(delivery: Delivery, isAlone: boolean): void;
  /** Its trial has ended before its handler returned: what waited for that goes on. */
  onGivenUp(delivery: Delivery): void;
  /** The lease is another one's, or of another history. */
  onFenced(tenure: Tenure, fenced: Fenced): void;
}

/** The partition whose lease names a suspect. */
interface Marked {
  readonly tenure: Tenure;
  /** The suspect, where its handler has returned. */
  readonly survived: string;
}

const REFUSED_RETRY_MS = 50;

/**
 * Hands suspects out one at a time, whatever partitions they are of, each after its partition's lease names it. So a death
 * has one message that it can count against. The trial after which that would be one death too many runs with nothing else beside it.
 */
export class SuspectTrials {
  readonly #options: SuspectTrialsOptions;
  readonly #stopped = new AbortController();
  #waiting: Delivery[] = [];
  #tried: { readonly delivery: Delivery; readonly end: (hasReturned: boolean) => void } | undefined;
  #isRunning = false;

  constructor(options: SuspectTrialsOptions) {
    this.#options = options;
  }

  add(delivery: Delivery): void {
    this.#waiting.push(delivery);
    if (!this.#isRunning) void this.#run();
  }

  /** A handler has returned. */
  returned(delivery: Delivery): void {
    if (this.#tried?.delivery === delivery) this.#tried.end(true);
  }

  /** Hands out nothing more. */
  stop(): void {
    this.#stopped.abort();
    this.#tried?.end(false);
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    let marked: Marked | undefined;
    for (;;) {
      const delivery = this.#next(marked?.tenure);
      if (marked !== undefined && marked.tenure !== delivery?.tenure) {
        await this.#mark(marked.tenure, '', marked.survived);
        marked = undefined;
      } else if (delivery === undefined) break;
      else {
        this.#waiting = this.#waiting.filter((other) => other !== delivery);
        const { tenure } = delivery;
        const isMarked = await this.#mark(tenure, refOf(delivery), marked?.survived ?? '');
        marked = isMarked ? { tenure, survived: (await this.#try(delivery)) ? refOf(delivery) : '' } : undefined;
      }
    }
    this.#isRunning = false;
  }

  /** Another one of the same partition, where there is one: its name takes the place of the one before. */
  #next(last: Tenure | undefined): Delivery | undefined {
    const isOpen = ({ tenure }: Delivery) => !tenure.isOver && !tenure.isLeaving && !this.#stopped.signal.aborted;
    this.#waiting = this.#waiting.filter(isOpen);
    return this.#waiting.find(({ tenure }) => tenure === last) ?? this.#waiting[0];
  }

  /** Resolves with whether its handler has returned. */
  #try(delivery: Delivery): Promise<boolean> {
    const { clock, maxKills, limitMs, handOut, onGivenUp } = this.#options;
    const { tenure } = delivery;
    return new Promise((resolve) => {
      const end = (hasReturned: boolean) => {
        this.#tried = undefined;
        tenure.onOver.delete(giveUp);
        cancelLimit();
        resolve(hasReturned);
      };
      const giveUp = () => {
        end(false);
        onGivenUp(delivery);
      };
      const cancelLimit = clock.after(limitMs, giveUp);
      tenure.onOver.add(giveUp);
      this.#tried = { delivery, end };
      const deaths = tenure.suspicion?.killsOf(delivery).length ?? 0;
      handOut(delivery, deaths + 1 >= maxKills);
    });
  }

  /** Until the server has said that it is so; false where the tenure is over. */
  async #mark(tenure: Tenure, suspect: string, survived: string): Promise<boolean> {
    const { owner, clock, onFenced } = this.#options;
    const { signal } = this.#stopped;
    while (!tenure.isOver && !signal.aborted) {
      try {
        const fenced = await markSuspect(tenure.link, tenure.keys, owner, tenure.token, { suspect, survived });
        if (fenced === undefined) return !tenure.isOver;
        onFenced(tenure, fenced);
        return false;
      } catch {
        // The link is closed, or Redis refuses for now.
        await pause(clock, REFUSED_RETRY_MS, signal);
      }
    }
    return false;
  }
}
