/**
 * The only caller of the real clocks and timers in the broker. Everything that needs time takes a {@link Clock}.
 */
export interface Clock {
  /** Monotonic milliseconds: for deadlines and durations. */
  nowMs(): number;
  /** Wall clock, milliseconds since the epoch: for stored times. */
  wallMs(): number;
  /** Calls `callback` once after `ms`, unless the returned function is called first. */
  after(ms: number, callback: () => void): CancelTimer;
  /** Calls `callback` in the next turn of the event loop. */
  soon(callback: () => void): void;
}

export type CancelTimer = () => void;

/** A longer timer ends at once: they count in 31 bits. */
export const MAX_TIMER_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  nowMs: () => performance.now(),
  wallMs: () => Date.now(),
  after(ms, callback) {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
  soon: (callback) => void setImmediate(callback),
};

/** Resolves after `ms`, or at once when `signal` aborts. Never rejects. */
export function pause(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const done = () => {
      cancel();
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const cancel = clock.after(ms, done);
    signal?.addEventListener('abort', done, { once: true });
  });
}
