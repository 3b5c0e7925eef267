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
  /** Has it handled before others. */
  handOut(delivery: Delivery): void;
  /** Resolves when nothing else is handled, nor begun until {@link release}, or the tenure is over. */
  quiesce(delivery: Delivery): Promise<void>;
  /** Has it handled while nothing else is. */
  handOutAlone(delivery: Delivery): void;
  release(delivery: Delivery): void;
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
      const isAlone = delivery !== undefined && this.#isLastTrial(delivery);
      if (marked !== undefined && (isAlone || marked.tenure !== delivery?.tenure)) {
        await this.#mark(marked.tenure, '', marked.survived);
        marked = undefined;
      } else if (delivery === undefined) break;
      else {
        this.#waiting = this.#waiting.filter((other) => other !== delivery);
        if (isAlone) await this.#tryAlone(delivery);
        else marked = await this.#try(delivery, marked?.survived ?? '', this.#options.handOut);
      }
    }
    this.#isRunning = false;
  }

  /** It is named after the others have come to rest, and no more when they go on: nobody else's death counts against it. */
  async #tryAlone(delivery: Delivery): Promise<void> {
    const { quiesce, handOutAlone, release } = this.#options;
    await quiesce(delivery);
    const marked = await this.#try(delivery, '', handOutAlone);
    if (marked !== undefined) await this.#mark(marked.tenure, '', marked.survived);
    release(delivery);
  }

  #isLastTrial(delivery: Delivery): boolean {
    const deaths = delivery.tenure.suspicion?.killsOf(delivery).length ?? 0;
    return deaths + 1 >= this.#options.maxKills;
  }

  /** Another one of the same partition, where there is one: its name takes the place of the one before. */
  #next(last: Tenure | undefined): Delivery | undefined {
    const isOpen = ({ tenure }: Delivery) => !tenure.isOver && !tenure.isLeaving && !this.#stopped.signal.aborted;
    this.#waiting = this.#waiting.filter(isOpen);
    return this.#waiting.find(({ tenure }) => tenure === last) ?? this.#waiting[0];
  }

  /** Names it, and has it handled; undefined where it could not be named. */
  async #try(delivery: Delivery, survivor: string, handOut: (delivery: Delivery) => void): Promise<Marked | undefined> {
    const { tenure } = delivery;
    if (tenure.isLeaving || !(await this.#mark(tenure, refOf(delivery), survivor))) return undefined;
    // It is given back meanwhile: whoever comes next tries it.
    if (tenure.isLeaving) return { tenure, survived: '' };
    const hasReturned = await new Promise<boolean>((resolve) => {
      const end = (returned: boolean) => {
        this.#tried = undefined;
        tenure.onOver.delete(giveUp);
        cancelLimit();
        resolve(returned);
      };
      const giveUp = () => end(false);
      const cancelLimit = this.#options.clock.after(this.#options.limitMs, giveUp);
      tenure.onOver.add(giveUp);
      this.#tried = { delivery, end };
      handOut(delivery);
    });
    return { tenure, survived: hasReturned ? refOf(delivery) : '' };
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
