/**
 * The only caller of the real clocks in the harness. Everything that needs time takes a {@link Clock}.
 *
 * `nowNs` is `process.hrtime` in nanoseconds as a double: one monotonic clock for all processes of a machine
 * (CLOCK_MONOTONIC), exact below 104 days of uptime and within a microsecond far beyond that.
 * Never compare `performance.now()` across processes: its origin is the process start.
 */
export interface Clock {
  /** Monotonic nanoseconds, comparable between the processes of one machine. */
  nowNs(): number;
  /** Wall clock, milliseconds since the epoch: for people and file names, never for durations. */
  wallMs(): number;
  /** Resolves after `ms`, or rejects with the signal's reason. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export const NS_PER_MS = 1e6;
export const NS_PER_SEC = 1e9;

export const systemClock: Clock = {
  nowNs() {
    const [seconds, nanoseconds] = process.hrtime();
    return seconds * NS_PER_SEC + nanoseconds;
  },
  wallMs: () => Date.now(),
  sleep(ms, signal) {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const onAbort = () => {
        clearTimeout(timer);
        reject(signal?.reason);
      };
      const timer = setTimeout(() => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      }, ms);
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  },
};
