import type { FailureScope, PlaceFinding } from './failure-pattern.js';
import type { ObservedMessage } from './observed.js';
import { CONFIDENT, confidenceOf, fisherTail } from './significance.js';

/** Failures of a cause, and what passed meanwhile. */
export interface Contrast {
  /** Messages that failed. */
  readonly failed: readonly ObservedMessage[];
  /** A sample of those that passed at that time. */
  readonly passed: readonly ObservedMessage[];
  /** How many the two stand for. */
  readonly failures: number;
  readonly passes: number;
}

type Place = Exclude<FailureScope, 'message'>;

/** Where two say the same, the first is named: a member breaks more easily than a partition, and data more easily than either. */
const PLACES: readonly Place[] = ['key', 'consumer', 'partition', 'kind'];
const KINDS = { key: 'one-key', consumer: 'one-consumer', partition: 'one-partition', kind: 'one-kind' } as const;
const LEAST_MESSAGES = 3;
/** Of the failures: what fewer have in common is not what they have in common. */
const MOST_SHARE = 0.6;
/** As many times more frequent among what fails as among what passes. */
const LEAST_LIFT = 2.5;
/** From here on there is nothing of that time to compare with. */
const NOTHING_PASSES = 0.8;
const SOME_KEYS = 3;

/**
 * What nearly all failures of a cause have in common, and what passes at that time has not: a case-control comparison, each
 * value by Fisher's exact test. Of several values that stand out, such as a key and the partition in which it lies, the one by
 * which it is told best which messages fail and which pass: the largest likelihood of one rate there and another one elsewhere.
 */
export function placeOf(contrast: Contrast): PlaceFinding | undefined {
  const { failed, passed, failures, passes } = contrast;
  if (failures >= NOTHING_PASSES * (failures + passes)) return undefined;
  const tables = PLACES.map((scope) => ({ scope, cases: tally(failed, scope), controls: tally(passed, scope) }));
  const comparisons = tables.reduce((all, { cases }) => all + cases.counts.size, 0);
  let best: { readonly finding: PlaceFinding; readonly fit: number } | undefined;
  for (const { scope, cases, controls } of tables) {
    const [value, a] = mostFrequent(cases.counts);
    const b = controls.counts.get(value) ?? 0;
    const counts = { failedThere: a, failed: failed.length, passedThere: b, passed: controls.total };
    const found = standsOut(KINDS[scope], value, counts, comparisons);
    if (found === undefined) continue;
    const [failing, passing] = [failures * found.failuresThere, passes * found.passedThere];
    const fit = fitOf(contrast, found.failuresThere, found.passedThere);
    const finding = { ...found, failingShare: failing / (failing + passing) };
    if (best === undefined || fit > best.fit + 1e-6) best = { finding, fit };
  }
  const isKey = best?.finding.kind === 'one-key';
  return best !== undefined && !isKey && best.fit < fitOfSomeKeys(contrast) ? undefined : best?.finding;
}

/** How well it tells what fails from what passes: the likelihood of one rate where these shares of both are, and another elsewhere. */
function fitOf({ failures, passes }: Contrast, failuresThere: number, passedThere: number): number {
  const failing = failures * failuresThere;
  const there = failing + passes * passedThere;
  return likelihood(failing, there) + likelihood(failures - failing, failures + passes - there);
}

/** The same of the three keys that fail most: where it is some keys of a partition, it is not the partition. They cost their choice. */
function fitOfSomeKeys(contrast: Contrast): number {
  const [cases, controls] = [tally(contrast.failed, 'key'), tally(contrast.passed, 'key')];
  const most = [...cases.counts].toSorted((a, b) => b[1] - a[1]).slice(0, SOME_KEYS);
  const share = (counts: Tally) => most.reduce((all, [key]) => all + (counts.counts.get(key) ?? 0), 0);
  const choices = new Set([...cases.counts.keys(), ...controls.counts.keys()]).size;
  const [there, passedThere] = [share(cases) / contrast.failed.length, share(controls) / Math.max(1, controls.total)];
  return fitOf(contrast, there, passedThere) - SOME_KEYS * Math.log(Math.max(1, choices));
}

/** How many fail and pass at one value, and at all of them. */
export interface Counts {
  readonly failedThere: number;
  readonly failed: number;
  readonly passedThere: number;
  readonly passed: number;
}

/** Whether nearly all failures are there, and what passes is not: by its share, and by Fisher's exact test. */
export function standsOut(
  kind: PlaceFinding['kind'],
  value: string,
  { failedThere, failed, passedThere: b, passed }: Counts,
  comparisons: number,
): Omit<PlaceFinding, 'failingShare'> | undefined {
  const failuresThere = failedThere / Math.max(1, failed);
  const passedThere = b / Math.max(1, passed);
  if (failed < LEAST_MESSAGES || passed === 0) return undefined;
  if (failuresThere < MOST_SHARE || failuresThere < LEAST_LIFT * passedThere) return undefined;
  const confidence = confidenceOf(fisherTail(failedThere, failed, b, passed), comparisons, failed);
  return confidence < CONFIDENT ? undefined : { kind, value, failuresThere, passedThere, confidence };
}

interface Tally {
  readonly counts: ReadonlyMap<string, number>;
  /** Of those that have any value. */
  readonly total: number;
}

function tally(messages: readonly ObservedMessage[], scope: Place): Tally {
  const counts = new Map<string, number>();
  let total = 0;
  for (const { [scope]: value } of messages) {
    if (value === undefined) continue;
    total++;
    counts.set(String(value), (counts.get(String(value)) ?? 0) + 1);
  }
  return { counts, total };
}

function mostFrequent(counts: ReadonlyMap<string, number>): readonly [value: string, count: number] {
  let most: readonly [string, number] = ['', 0];
  for (const entry of counts) if (entry[1] > most[1]) most = entry;
  return most;
}

/** Log-likelihood that `hits` of `n` fail at the rate at which they do. */
function likelihood(hits: number, n: number): number {
  const term = (x: number) => (x <= 0 ? 0 : x * Math.log(x / n));
  return n <= 0 ? 0 : term(hits) + term(n - hits);
}
