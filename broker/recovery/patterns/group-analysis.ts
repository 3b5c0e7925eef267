import type { HandlingFailure } from '../retry-row.js';
import type { FailurePattern } from './failure-pattern.js';
import { FailurePatternAnalyzer } from './failure-pattern-analyzer.js';
import { type Contrast, placeOf } from './failure-place.js';
import type { ObservedMessage } from './observed.js';

/** A message that a group has given up, or will try again. */
export interface FailedMessage extends Omit<ObservedMessage, 'consumer'> {
  readonly failures: readonly HandlingFailure[];
}

/** What a group handles, as far as it can be known afterwards. */
export interface GroupTraffic {
  /** Handlings a second that pass, by member, as they report it. */
  readonly members: ReadonlyMap<string, number>;
  /** Messages a second that come in, by partition; undefined where nobody says. */
  readonly partitions: readonly (number | undefined)[];
  /** Messages that the logs hold. */
  readonly sample: readonly ObservedMessage[];
}

export interface GroupFailures {
  readonly patterns: readonly FailurePattern[];
  /** Messages that were looked at. */
  readonly messages: number;
  /** What could not be known of the traffic, and was assumed. */
  readonly assumed: readonly string[];
}

/** Of a log: fewer show nothing. */
const LEAST_SAMPLE = 50;
const CONTROLS = 500;
const KEY_SHARE = 0.1;
const KIND_SHARE = 0.2;
const BINS = 600;
const MOST_FAILING = 1.5;
/** Times what failed. */
const UNKNOWN_PASSES = 9;

/**
 * Has the analyzer see failures after the fact. What passed meanwhile was not written down: it is taken to be as what the
 * members report now, and as what the logs hold; what cannot be known so is assumed, and said to be.
 */
export function analyzeGroup(failed: readonly FailedMessage[], traffic: GroupTraffic, nowMs: number): GroupFailures {
  const ordered = failed.toSorted((a, b) => firstMs(a) - firstMs(b));
  const sinceMs = ordered[0] === undefined ? nowMs : firstMs(ordered[0]);
  const binMs = Math.max(1_000, Math.ceil((nowMs - sinceMs + 1) / (BINS - 1)));
  const perBin = (sum(traffic.members.values()) * binMs) / 1_000;
  const bins = new Set(ordered.map((one) => Math.floor(firstMs(one) / binMs)));
  // More have failed than were handled: it was another rate then.
  const isKnown = perBin > 0 && failed.length <= MOST_FAILING * perBin * bins.size;
  const { make, assumed } = controlsOf(traffic);
  const place = ({ failed: cases, failures, passes }: Contrast) =>
    placeOf({ failed: cases, passed: make(cases), failures, passes: isKnown ? passes : UNKNOWN_PASSES * failures });
  const analyzer = new FailurePatternAnalyzer({ binMs, place });
  for (let ms = sinceMs; isKnown && ms <= nowMs; ms += binMs) analyzer.handled(Math.round(perBin), ms);
  for (const { id, key, partition, kind, failures } of ordered) {
    for (const [i, { consumer, atMs }] of failures.entries()) {
      analyzer.failed({ id, key, partition, consumer, kind }, failures.slice(0, i + 1), atMs);
    }
  }
  const patterns = analyzer.patterns(nowMs);
  if (isKnown) return { patterns, messages: failed.length, assumed: [...assumed, STEADY_RATE] };
  // Without anything that passed all of it fails, at all times.
  const unclear = patterns.map((pattern) => ({ ...pattern, nature: 'unclear' as const, confidence: 0 }));
  return { patterns: unclear, messages: failed.length, assumed: [...assumed, NO_RATE] };
}

const STEADY_RATE = 'the members are taken to have handled as much all the time as they report now';
const NO_RATE = 'how much was handled then is not known: what is poison and what systemic is left open';

/** Messages that stand for what passes: members and partitions as they share the load, keys and kinds as the logs hold them. */
function controlsOf({ members, partitions, sample }: GroupTraffic) {
  const isReported = partitions.some((rate) => rate !== undefined && rate > 0);
  const assumed = [
    ...(isReported ? [] : ['every partition is taken to have as much traffic as any other one']),
    ...(sample.length >= LEAST_SAMPLE
      ? []
      : [`the logs hold too little to compare with: a key is taken to have a tenth of the traffic, a kind a fifth`]),
  ];
  const ofPartition = spread(partitions.map((rate, i) => [i, isReported ? (rate ?? 0) : 1] as const));
  const make = (failed: readonly ObservedMessage[]): ObservedMessage[] => {
    const ofMember = spread(weightsOf(members, failed));
    const [key, kind] = [usual(failed.map((one) => one.key)), usual(failed.map((one) => one.kind))];
    return Array.from({ length: CONTROLS }, (_, i) => {
      const from = sample.length >= LEAST_SAMPLE ? sample[i % sample.length] : undefined;
      return {
        id: '',
        key: from === undefined ? assumedValue(i, KEY_SHARE, key) : from.key,
        partition: ofPartition(i) ?? 0,
        consumer: ofMember(i) ?? '',
        kind: from === undefined ? assumedValue(i, KIND_SHARE, kind) : from.kind,
      };
    });
  };
  return { make, assumed };
}

/** Members that are gone, of which only failures are left, are taken to have handled as much as those that are there. */
function weightsOf(members: ReadonlyMap<string, number>, failed: readonly ObservedMessage[]): [string, number][] {
  const mean = members.size === 0 ? 1 : sum(members.values()) / members.size;
  const gone = new Set(failed.map(({ consumer }) => consumer).filter((consumer) => !members.has(consumer)));
  return [...members, ...[...gone].map((consumer): [string, number] => [consumer, mean])];
}

/** Of 500, by weight. */
function spread<T>(weighted: readonly (readonly [value: T, weight: number])[]): (i: number) => T | undefined {
  const total = sum(weighted.map(([, weight]) => weight));
  return (i) => {
    let left = ((i + 0.5) / CONTROLS) * total;
    for (const [value, weight] of weighted) {
      left -= weight;
      if (left < 0) return value;
    }
    return undefined;
  };
}

function assumedValue(i: number, share: number, value: string | undefined): string | undefined {
  return value === undefined ? undefined : i < share * CONTROLS ? value : `other than ${value}`;
}

function usual(values: readonly (string | undefined)[]): string | undefined {
  const counts = new Map<string | undefined, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].toSorted((a, b) => b[1] - a[1])[0]?.[0];
}

function firstMs({ failures }: FailedMessage): number {
  return failures[0]?.atMs ?? 0;
}

function sum(values: Iterable<number>): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
