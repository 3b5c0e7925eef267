import type { CancelTimer } from '../../../broker/clock.js';

interface SimEvent {
  readonly atMs: number;
  readonly order: number;
  run: (() => void) | undefined;
}

/** Events that are queued in one go: each still has a turn of its own, with all promises settled before the next. */
const TURNS = 32;

/** Simulated time: one event at a time, in the order of their times, and everything that it settles before the next one. */
export class Scheduler {
  #heap: SimEvent[] = [];
  #order = 0;
  #failure: unknown;
  nowMs = 0;
  /** Events run. */
  count = 0;

  after(delayMs: number, run: () => void): CancelTimer {
    const event: SimEvent = { atMs: this.nowMs + Math.max(0, delayMs), order: this.#order++, run };
    this.#push(event);
    return () => {
      event.run = undefined;
    };
  }

  /** Ends the run with this error. */
  fail(error: unknown): void {
    this.#failure ??= error;
  }

  /** Runs until `isDone` says so, or the time is `untilMs`. Throws what an event threw. */
  run(untilMs: number, isDone: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      let queued = 0;
      let isOver = false;
      const turn = () => {
        queued--;
        if (isOver) return;
        try {
          if (this.#failure !== undefined) throw this.#failure;
          const next = isDone() ? undefined : this.#next();
          if (next === undefined || next.atMs > untilMs) {
            if (next !== undefined) this.#push(next);
            isOver = true;
            resolve();
            return;
          }
          this.nowMs = next.atMs;
          this.count++;
          next.run!();
        } catch (error) {
          isOver = true;
          reject(error);
          return;
        }
        if (queued === 0) fill();
      };
      const fill = () => {
        for (; queued < TURNS; queued++) setImmediate(turn);
      };
      fill();
    });
  }

  #next(): SimEvent | undefined {
    for (;;) {
      const event = this.#pop();
      if (event === undefined || event.run !== undefined) return event;
    }
  }

  #push(event: SimEvent): void {
    const heap = this.#heap;
    let at = heap.push(event) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(event, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = event;
  }

  #pop(): SimEvent | undefined {
    const heap = this.#heap;
    const top = heap[0];
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return top;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (!isBefore(heap[child]!, last)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
    return top;
  }
}

function isBefore(a: SimEvent, b: SimEvent): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
