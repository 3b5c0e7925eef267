import { inspect } from 'node:util';

/** One failed handling. */
export interface HandlingFailure {
  readonly attempt: number;
  /** Class of the error; its type, where it is none. */
  readonly error: string;
  readonly message: string;
  readonly atMs: number;
  readonly consumer: string;
  /** The handler said that no retry can help. */
  readonly permanent: boolean;
}

/** What the log keeps about a message that waits for its next attempt, without the message itself. */
export interface RetryRow {
  readonly failedAttempts: number;
  /** Wall clock. */
  readonly dueAtMs: number;
  /** The first one and the latest ones. */
  readonly failures: readonly HandlingFailure[];
}

const KEPT_FAILURES = 10;
const MESSAGE_CHARACTERS = 500;

/** Of whatever a handler has thrown: it may be anything, and may itself throw where it is looked at. */
export function describeFailure(error: unknown, attempt: number, atMs: number, consumer: string): HandlingFailure {
  return {
    attempt,
    error: textOf(() => classOf(error)),
    message: textOf(() => messageOf(error)).slice(0, MESSAGE_CHARACTERS),
    atMs,
    consumer,
    permanent: isPermanent(error),
  };
}

/** An error with `permanent: true` says that no retry can help. */
export function isPermanent(error: unknown): boolean {
  try {
    return typeof error === 'object' && error !== null && 'permanent' in error && error.permanent === true;
  } catch {
    return false;
  }
}

function classOf(error: unknown): string {
  if (error instanceof Error) return String(error.name);
  return error === null ? 'null' : typeof error;
}

function messageOf(error: unknown): string {
  if (error instanceof Error) return String(error.message);
  if (error === undefined) return 'the handler threw undefined';
  return typeof error === 'string' ? error : inspect(error, { depth: 1, breakLength: Number.POSITIVE_INFINITY });
}

function textOf(look: () => string): string {
  try {
    return look();
  } catch {
    return 'it cannot be shown: it throws when it is looked at';
  }
}

export function withFailure(failures: readonly HandlingFailure[], failure: HandlingFailure): HandlingFailure[] {
  const all = [...failures, failure];
  return all.length <= KEPT_FAILURES ? all : [all[0]!, ...all.slice(1 - KEPT_FAILURES)];
}

/** "<failed attempts> <bytes of the JSON> <JSON>"; the encoded message follows it in the stored row. */
export function encodeRetryRow(row: RetryRow): string {
  const json = JSON.stringify({ dueAtMs: row.dueAtMs, failures: row.failures });
  return `${row.failedAttempts} ${Buffer.byteLength(json)} ${json}`;
}

/** The row and the encoded message behind it; undefined where the row is damaged. */
export function decodeRetryRow(stored: Buffer): { readonly row: RetryRow; readonly message: Buffer } | undefined {
  const head = /^(\d+) (\d+) /.exec(stored.toString('latin1', 0, 40));
  if (head === null) return undefined;
  const jsonEnd = head[0].length + Number(head[2]);
  try {
    const parsed: unknown = JSON.parse(stored.toString('utf8', head[0].length, jsonEnd));
    const { dueAtMs, failures } = parsed as Pick<RetryRow, 'dueAtMs' | 'failures'>;
    return { row: { failedAttempts: Number(head[1]), dueAtMs, failures }, message: stored.subarray(jsonEnd) };
  } catch {
    return undefined;
  }
}
