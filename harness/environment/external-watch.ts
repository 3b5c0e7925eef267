import type { Clock } from '../clock.js';
import type { UnexpectedExit } from './environment.js';

const PERIOD_MS = 1_000;
/** One refusal may be a restart by its owner. */
const REFUSALS = 3;

/**
 * Notices that a server which is not our process has ended: its port refuses connections several times in a row. One
 * that is merely slow, or does not answer, is for the run's gates to judge.
 */
export function watchExternalServer(options: {
  readonly name: string;
  readonly ask: () => Promise<unknown>;
  readonly clock: Clock;
  readonly report: (exit: UnexpectedExit) => void;
}): AsyncDisposable {
  const { name, ask, clock, report } = options;
  const stop = new AbortController();
  const watch = async () => {
    for (let refusals = 0; refusals < REFUSALS; ) {
      await clock.sleep(PERIOD_MS, stop.signal);
      const refused = await ask().then(() => false, isRefusal);
      refusals = refused ? refusals + 1 : 0;
    }
    if (stop.signal.aborted) return;
    report({ process: name, code: null, signal: null, logTail: '(not a process of ours: see its own log)' });
  };
  const watching = watch().catch((error: unknown) => {
    if (!stop.signal.aborted) throw error;
  });
  return {
    async [Symbol.asyncDispose]() {
      stop.abort(new Error('the environment ends'));
      await watching;
    },
  };
}

function isRefusal(error: unknown): boolean {
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    if ((at as NodeJS.ErrnoException).code === 'ECONNREFUSED') return true;
    // Several addresses of one name, each with its own failure.
    if (at instanceof AggregateError && at.errors.every(isRefusal)) return true;
  }
  return false;
}
