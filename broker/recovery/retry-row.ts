import { inspect } from 'node:util';
import { fingerprintOf, topFrames } from './failure-fingerprint.js';

/** One failed handling. */
export interface HandlingFailure {
  readonly attempt: number;
  /** Class of the error; its type, where it is none. */
  readonly error: string;
  readonly message: string;
  /** The innermost ones of its stack, as `function (file)`. */
  readonly frames: readonly string[];
  /** The same for all failures of one cause: see failure-fingerprint.ts. */
  readonly fingerprint: string;
  readonly atMs: number;
  readonly consumer: string;
  /** The handler said that no retry can help. */
  readonly permanent: boolean;
}

/** What the log keeps about a message that waits for its next attempt, without the message itself. */
export interface RetryRow {
  readonly failedAttempts: number;
  /** Wall clock of the owner that wrote it. */
  readonly dueAtMs: number;
  /** Where the error asked for more than the longest pause: how long. */
  readonly delayMs?: number;
  /** The first one and the latest ones. */
  readonly failures: readonly HandlingFailure[];
  /** Of a redriven dead letter: those of its failed attempts that do not count any more. */
  readonly forgivenAttempts?: number;
}

const KEPT_FAILURES = 10;
const CLASS_CHARACTERS = 100;
const MESSAGE_CHARACTERS = 500;
const FINGERPRINTED_CHARACTERS = 4_000;

/** Of whatever a handler has thrown: it may be anything, and may itself throw where it is looked at. */
export function describeFailure(error: unknown, attempt: number, atMs: number, consumer: string): HandlingFailure {
  const name = textOf(() => classOf(error)).slice(0, CLASS_CHARACTERS);
  const whole = textOf(() => messageOf(error)).slice(0, FINGERPRINTED_CHARACTERS);
  const frames = framesOf(error);
  return {
    attempt,
    error: name,
    message: whole.slice(0, MESSAGE_CHARACTERS),
    frames,
    // Cut after masking: ids of another length would leave another rest.
    fingerprint: fingerprintOf(name, whole, frames),
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

function framesOf(error: unknown): string[] {
  try {
    return error instanceof Error ? topFrames(error.stack) : [];
  } catch {
    return [];
  }
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
  const { failedAttempts, ...rest } = row;
  const json = JSON.stringify(rest);
  return `${failedAttempts} ${Buffer.byteLength(json)} ${json}`;
}

/** The row and the encoded message behind it; undefined where the row is damaged. */
export function decodeRetryRow(stored: Buffer): { readonly row: RetryRow; readonly message: Buffer } | undefined {
  const head = /^(\d+) (\d+) /.exec(stored.toString('latin1', 0, 40));
  if (head === null) return undefined;
  const jsonEnd = head[0].length + Number(head[2]);
  try {
    const parsed: unknown = JSON.parse(stored.toString('utf8', head[0].length, jsonEnd));
    const rest = parsed as Omit<RetryRow, 'failedAttempts'>;
    return { row: { ...rest, failedAttempts: Number(head[1]) }, message: stored.subarray(jsonEnd) };
  } catch {
    return undefined;
  }
}
