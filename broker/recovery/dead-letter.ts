import { mapOf } from '../groups/lease-scripts.js';
import { type DecodedMessage, decodeHeaders, decodeMessage } from '../log/frame-codec.js';
import { fingerprintOf } from './failure-fingerprint.js';
import type { QuarantineEvidence, QuarantineReason } from './quarantine-evidence.js';
import type { HandlingFailure } from './retry-row.js';

/** Where a group keeps what it does not try any more: after its last attempt, or because it cannot be decoded. */
export type Shelf = 'dead-letters' | 'quarantine';

/** A message that its group has given up, with why. */
export interface DeadLetter {
  /** Names it for `redrive` and `purge`: `<partition>/<entry>`. */
  readonly ref: string;
  readonly partition: number;
  /** Where it was published: `<entry>:<index>`. */
  readonly position: string;
  /** When it was given up, by the server's clock. */
  readonly atMs: number;
  /** Undefined where the message cannot be decoded, as are key, headers and time of publishing. */
  readonly id: string | undefined;
  readonly key: string | undefined;
  readonly headers: Readonly<Record<string, string>> | undefined;
  readonly publishedAtMs: number | undefined;
  /** Where it cannot be decoded: the bytes that were found. */
  readonly payload: Buffer;
  /** Failed ones, those before a redrive included. */
  readonly attempts: number;
  /** The first one and the latest ones. */
  readonly failures: readonly HandlingFailure[];
  /** Of its last failure, or of the reason for which it is in quarantine: the same for all that share the cause. */
  readonly fingerprint: string;
  /** Its last failure, or why it is in quarantine, in one line. */
  readonly reason: string;
  /** Why it is in quarantine, with all that is known; undefined of a dead letter. */
  readonly evidence: QuarantineEvidence | undefined;
}

type Evidence = Partial<QuarantineEvidence>;

/** Reasons that are about how it failed: the cause is that of its failures. */
const BY_FAILURE: ReadonlySet<string> = new Set<QuarantineReason>(['same-failure', 'set-aside', 'key-cap']);

/** One entry of the stream of dead letters, or of the quarantine. */
export function parseDeadLetter(partition: number, [entry, fields]: readonly [Buffer, readonly Buffer[]]): DeadLetter {
  const values = mapOf(fields);
  const message = values.get('message') ?? Buffer.alloc(0);
  const decoded: DecodedMessage | string = decodeMessage(message, 0, message.length);
  const isDecoded = typeof decoded !== 'string';
  const evidence = evidenceOf(values.get('evidence'));
  const { attempts = 0, failures = [], reason } = evidence;
  const last = reason === undefined || BY_FAILURE.has(reason) ? failures.at(-1) : undefined;
  return {
    ref: `${partition}/${String(entry)}`,
    partition,
    position: String(values.get('position')),
    atMs: Number.parseInt(String(entry), 10),
    id: isDecoded ? decoded.id : undefined,
    key: isDecoded ? decoded.key : undefined,
    headers: isDecoded ? decodeHeaders(decoded.headers) : undefined,
    publishedAtMs: isDecoded ? decoded.publishedAtMs : undefined,
    payload: isDecoded ? decoded.payload : message,
    attempts,
    failures,
    fingerprint: last?.fingerprint ?? fingerprintOf('quarantine', reason ?? 'unknown', []),
    reason: last === undefined ? describe(evidence) : `${last.error}: ${last.message}`,
    evidence: reason === undefined ? undefined : { reason, atMs: 0, consumer: '', ...evidence },
  };
}

/** The reason itself where there is nothing to add. */
function describe({ reason, kills = [], runningMs }: Evidence): string {
  if (reason === 'killer') return `killer: ${kills.length} consumers died while they handled it`;
  if (reason === 'hanging') return `hanging: its handler had not returned for ${runningMs} ms`;
  return (reason as QuarantineReason | undefined) ?? 'unknown';
}

function evidenceOf(stored: Buffer | undefined): Evidence {
  try {
    return JSON.parse(String(stored)) as Evidence;
  } catch {
    return {};
  }
}
