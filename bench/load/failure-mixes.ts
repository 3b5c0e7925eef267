import { fingerprintOf } from '../../broker/recovery/failure-fingerprint.js';
import type { FailurePattern } from '../../broker/recovery/patterns/failure-pattern.js';
import type { ObservedFailure, ObservedMessage } from '../../broker/recovery/patterns/observed.js';
import { CAUSES, type Cause, EVENT_SECOND, NOISE, SECONDS, trafficOf } from './failure-causes.js';

/** What is told of handlings, and asked for patterns. */
export interface Analyst {
  isNext(): boolean;
  passed(message: ObservedMessage, atMs: number): void;
  failed(message: ObservedMessage, failures: readonly ObservedFailure[], atMs: number): void;
  recovered(failures: readonly ObservedFailure[], atMs: number): void;
  happened(name: string, atMs: number): void;
  patterns(nowMs: number): Pick<FailurePattern, 'nature' | 'findings' | 'fingerprints' | 'evidence'>[];
}

/** What two causes say: other things; the same in the beginning, from the same place; the same but for one word. */
type Likeness = 'none' | 'alike' | 'twins';

export interface Mix {
  readonly name: string;
  readonly causes: readonly Cause[];
  readonly likeness: Likeness;
}

const PARTITIONS = 16;
const CONSUMERS = 4;
const KINDS = ['order', 'refund', 'quote', 'invoice', 'notice'];
const NAMES = ['ann', 'bob', 'cyd', 'dan', 'eve', 'fay', 'gus', 'hal'];
const MAX_ATTEMPTS = 5;
const RETRY_MS = 50;
const RETRY_CAP_MS = 1_000;
const TICK_MS = 10;
const WORDS = ['declined', 'refused', 'expired', 'missing', 'locked', 'unknown', 'invalid'];
const PHRASES = [
  'was declined by the bank',
  'has no shop it belongs to',
  'cannot be captured twice today',
  'waits for a second approval',
  'lacks its currency and amount',
];

/** Each cause alone, beside noise, and beside others, that say something else or nearly the same. */
export function allMixes(likeness: Likeness = 'none'): Mix[] {
  if (likeness === 'twins') {
    return CAUSES.map((cause, i) => {
      const twin = CAUSES[(i + 9) % CAUSES.length]!;
      return { name: `${cause.name}, twin of ${twin.name}`, causes: [cause, twin], likeness };
    });
  }
  return CAUSES.flatMap((cause, i): Mix[] => {
    const other = CAUSES[(i + 5) % CAUSES.length]!;
    const alike = CAUSES[(i + 9) % CAUSES.length]!;
    return [
      { name: cause.name, causes: [cause], likeness: 'none' },
      { name: `${cause.name}, beside noise`, causes: [cause, NOISE], likeness: 'none' },
      { name: `${cause.name}, beside ${other.name}`, causes: [cause, other], likeness: 'none' },
      { name: `${cause.name}, beside ${alike.name}, alike`, causes: [cause, alike], likeness: 'alike' },
    ];
  });
}

/** What a cause's failures say: with ids, numbers, addresses, and a name that no mask knows. */
function messageOf(cause: Cause, likeness: Likeness, id: string, name: string, random: () => number): string {
  const number = Math.floor(random() * 1e6);
  const at = CAUSES.indexOf(cause);
  if (likeness === 'alike') return `payment ${number} of ${name} ${PHRASES[at % PHRASES.length]}`;
  if (likeness === 'twins') return `payment ${number} of ${name} was ${WORDS[at % WORDS.length]} by the bank`;
  return `${cause.name.replaceAll(/[\d %,.]+/g, '-')} for ${id}: ${name} got ${number} from 10.0.0.${number % 250}:6379`;
}

/** The same failure of the same name: it is computed anew often enough to see that its ids do not matter, and remembered. */
const fingerprints = new Map<string, { readonly fingerprint: string; checks: number }>();
const CHECKS = 20;

function fingerprintFor(name: string, text: string, frames: readonly string[]): string {
  const known = fingerprints.get(name);
  if (known !== undefined && known.checks === CHECKS) return known.fingerprint;
  const fingerprint = fingerprintOf('Error', text, frames);
  if (known !== undefined && known.fingerprint !== fingerprint) throw new Error(`${text} has a fingerprint of its own`);
  fingerprints.set(name, { fingerprint, checks: (known?.checks ?? 0) + 1 });
  return fingerprint;
}

interface Due {
  readonly message: ObservedMessage;
  readonly failures: ObservedFailure[];
}

/** Has the analyst watch a group in which these causes act; what was said by which cause, for each fingerprint. */
export function observe(mix: Mix, analyst: Analyst, random: () => number): Map<string, Map<Cause, number>> {
  const { causes, likeness } = mix;
  const traffic = trafficOf(causes);
  const due = new Map<number, Due[]>();
  const said = new Map<string, Map<Cause, number>>();
  let count = 0;
  let owed = 0;
  for (let ms = 0; ms < SECONDS * 1_000; ms += TICK_MS) {
    const second = Math.floor(ms / 1_000);
    if (ms === EVENT_SECOND * 1_000 && causes.some(({ isDeployed }) => isDeployed)) analyst.happened('deployment', ms);
    const ready = due.get(ms) ?? [];
    due.delete(ms);
    for (owed += (traffic.perSecond(second) * TICK_MS) / 1_000; owed >= 1; owed--) {
      ready.push({ message: makeMessage(count++, traffic.key(random, second), random), failures: [] });
    }
    for (const one of ready) {
      const { message, failures } = one;
      const cause = causes.find((each) => each.fails(message, second, random));
      if (cause === undefined) {
        if (failures.length > 0) analyst.recovered(failures, ms);
        else if (analyst.isNext()) analyst.passed(message, ms);
        continue;
      }
      const failure = failureOf(cause, likeness, message, random);
      failures.push(failure);
      const sayers = said.get(failure.fingerprint) ?? new Map<Cause, number>();
      said.set(failure.fingerprint, sayers.set(cause, (sayers.get(cause) ?? 0) + 1));
      analyst.failed(message, failures, ms);
      if (failures.length === MAX_ATTEMPTS) continue;
      const boundMs = Math.min(RETRY_CAP_MS, RETRY_MS * 2 ** (failures.length - 1));
      const atMs = ms + Math.max(1, Math.ceil((boundMs * (0.1 + 0.9 * random())) / TICK_MS)) * TICK_MS;
      due.set(atMs, [...(due.get(atMs) ?? []), one]);
    }
  }
  return said;
}

function makeMessage(ordinal: number, keyNumber: number, random: () => number): ObservedMessage {
  const partition = keyNumber % PARTITIONS;
  return {
    id: `m-${ordinal}`,
    key: `k${keyNumber}`,
    partition,
    consumer: `c${partition % CONSUMERS}`,
    kind: KINDS[Math.floor(random() * KINDS.length)],
  };
}

function failureOf(cause: Cause, likeness: Likeness, message: ObservedMessage, random: () => number): ObservedFailure {
  const name = NAMES[Math.floor(random() * NAMES.length)]!;
  const text = messageOf(cause, likeness, message.id, name, random);
  const frames = [likeness === 'none' ? 'handle (orders.js)' : 'pay (payments.js)'];
  return {
    error: 'Error',
    message: text,
    frames,
    fingerprint: fingerprintFor(`${cause.name} ${likeness} ${name}`, text, frames),
  };
}
