import type { AfterFinding } from './failure-pattern.js';
import type { Course } from './failure-shape.js';
import { sum } from './failure-timeline.js';
import { CONFIDENT, confidenceOf, fisherTail } from './significance.js';

/** Something after which failures may begin: a failover, a deployment. */
export interface Happening {
  readonly name: string;
  readonly atMs: number;
}

const AFTER_MS = 30_000;
const BEFORE_MS = 120_000;
const LEAST_BEFORE_MS = 30_000;
/** What rose already has another reason. */
const RIGHT_BEFORE_MS = 10_000;
const LEAST_MESSAGES = 4;
const LEAST_LIFT = 4;
const LEAST_RISE = 2.5;

/**
 * The latest happening in whose half minute by far more of the messages fail than in the two minutes before, and than in the
 * last ten seconds of those: Fisher's exact test, corrected for the number of happenings.
 */
export function afterWhat(course: Course, happenings: readonly Happening[]): AfterFinding | undefined {
  for (const { name, atMs } of happenings.toReversed()) {
    const before = shareOf(course, atMs - BEFORE_MS, atMs);
    const rightBefore = shareOf(course, atMs - RIGHT_BEFORE_MS, atMs);
    const after = shareOf(course, atMs, atMs + AFTER_MS);
    if (atMs - course.startMs < LEAST_BEFORE_MS || after.failures < LEAST_MESSAGES) continue;
    if (after.share < LEAST_LIFT * before.share || after.share < LEAST_RISE * rightBefore.share) continue;
    const p = fisherTail(after.failures, after.traffic, before.failures, before.traffic);
    const confidence = confidenceOf(p, happenings.length, after.failures);
    if (confidence < CONFIDENT) continue;
    const [shareBefore, shareAfter] = [before.share, after.share];
    return { kind: 'after', event: name, eventAtMs: atMs, shareBefore, shareAfter, confidence };
  }
  return undefined;
}

/** Whole bins: that in which it happened counts as after it. */
function shareOf({ failures, traffic, startMs, binMs }: Course, fromMs: number, untilMs: number) {
  const [from, until] = [fromMs, untilMs].map((ms) => Math.max(0, Math.floor((ms - startMs) / binMs))) as [
    number,
    number,
  ];
  const failed = sum(failures.slice(from, until));
  const handled = Math.max(failed, sum(traffic.slice(from, until)));
  return { failures: failed, traffic: handled, share: handled === 0 ? 0 : failed / handled };
}
