import type { WorkerFailure, WorkerFailureCode } from './protocol.js';
import { WorkerError } from './worker-error.js';

/**
 * finished: in order. killed: by a signal that a fault or the orchestrator sent. outside: by a signal that nobody here
 * sent (SIGKILL: perhaps the kernel, out of memory). deaf: silent for 10 s though nobody paused it, then killed.
 * The others as in {@link WorkerFailureCode}.
 */
export type EndReason = 'finished' | 'killed' | 'outside' | 'deaf' | WorkerFailureCode;

/** How an incarnation of a worker ended. */
export interface WorkerEnd {
  /** `consumer-1`. */
  readonly worker: string;
  readonly incarnation: number;
  readonly atNs: number;
  readonly reason: EndReason;
  /** A sentence for the report. */
  readonly detail: string;
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** What is known of a process that has ended. */
export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** It said that it finished. */
  readonly finished: boolean;
  readonly failure: WorkerFailure | undefined;
  readonly ready: boolean;
  /** A fault, or the end of the run, sent it a signal that ends processes. */
  readonly signalled: boolean;
  /** Why we ended it ourselves otherwise. */
  readonly verdict: 'deaf' | 'not-closed' | undefined;
}

/** Signals by which a process ends itself, or that its own fault brings upon it. */
const CRASH_SIGNALS: ReadonlySet<NodeJS.Signals> = new Set([
  'SIGABRT',
  'SIGSEGV',
  'SIGBUS',
  'SIGILL',
  'SIGFPE',
  'SIGTRAP',
]);

export function judgeEnd(ending: Ending): { readonly reason: EndReason; readonly detail: string } {
  const { code, signal, failure } = ending;
  switch (ending.verdict) {
    case 'deaf':
      return { reason: 'deaf', detail: 'nothing was heard of it for 10 s, though nobody had paused it' };
    case 'not-closed':
      return { reason: 'not-closed', detail: 'it did not end when asked to, and was killed' };
    case undefined:
      break;
    default:
      return ending.verdict satisfies never;
  }
  if (failure !== undefined) {
    const reason = failure.code === 'driver' && ending.ready ? 'crashed' : failure.code;
    return { reason, detail: failure.message };
  }
  if (signal !== null && CRASH_SIGNALS.has(signal)) return { reason: 'crashed', detail: `ended by ${signal}` };
  if (ending.signalled) return { reason: 'killed', detail: `ended by ${signal ?? `exit code ${code}`} as asked` };
  if (signal !== null) return { reason: 'outside', detail: `ended by ${signal} from outside` };
  if (ending.finished && code === 0) return { reason: 'finished', detail: 'finished' };
  return { reason: 'crashed', detail: `ended with exit code ${code} before it had finished` };
}

const START_FAILURES: Partial<Record<EndReason, WorkerError['code']>> = { driver: 'driver', ledger: 'ledger' };

/** Of a worker that ended before it was ready. `where` says what to look at. */
export function startFailure({ worker, reason, detail }: WorkerEnd, where: string): WorkerError {
  return new WorkerError(START_FAILURES[reason] ?? 'ended', `${worker} did not start: ${detail}. ${where}`);
}
