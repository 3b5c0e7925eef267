import type { Clock } from '../clock.js';

/**
 * Runs `work` with a signal that aborts after `deadlineMs`, or with `signal`. Rejects then, whether or not the work
 * listens to it.
 */
export async function withDeadline<T>(
  work: (signal: AbortSignal) => Promise<T>,
  { clock, deadlineMs, late }: { readonly clock: Clock; readonly deadlineMs: number; readonly late: () => Error },
  signal?: AbortSignal,
): Promise<T> {
  const expired = new AbortController();
  const finished = new AbortController();
  const either = signal === undefined ? expired.signal : AbortSignal.any([expired.signal, signal]);
  const aborted = new Promise<never>((_, reject) => {
    const onAbort = () => reject(either.reason);
    if (either.aborted) onAbort();
    else either.addEventListener('abort', onAbort, { once: true });
  });
  clock.sleep(deadlineMs, finished.signal).then(
    () => expired.abort(late()),
    () => {},
  );
  try {
    return await Promise.race([work(either), aborted]);
  } finally {
    finished.abort();
  }
}
