import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Delivery } from '../../../../../broker/groups/delivery.js';
import type { Random } from '../../../../../broker/random.js';
import {
  type RetrySubscribeOptions,
  resolveRetryOptions,
} from '../../../../../broker/recovery/retries/retry-options.js';
import { IntelligentRetryScheduler } from '../../../../../broker/recovery/retries/retry-scheduler.js';
import { describeFailure } from '../../../../../broker/recovery/retry-row.js';
import { ManualClock } from '../../../../fixtures/manual-clock.js';
import { heldTenure, logDelivery } from '../../../../fixtures/tenure-bed.js';

const DOWN = new Error('down');

class Bed {
  readonly clock = new ManualClock();
  readonly scheduler: IntelligentRetryScheduler;
  readonly #tenure = heldTenure().tenure;
  #count = 0;

  constructor(options: RetrySubscribeOptions = {}, random: number | Random = 1) {
    this.scheduler = new IntelligentRetryScheduler({
      topic: 't',
      group: 'g',
      clock: this.clock,
      random: typeof random === 'number' ? () => random : random,
      options: resolveRetryOptions(options),
      onEvent: () => {},
      onReady: () => {},
      onWake: () => {},
    });
  }

  message(): Delivery {
    return logDelivery(this.#tenure, ++this.#count);
  }

  /** One handling that fails. */
  fail(delivery: Delivery, error: unknown = DOWN): number | undefined {
    const nowMs = this.clock.nowMs();
    this.scheduler.gate.admits(delivery, nowMs);
    this.scheduler.gate.begin(delivery);
    delivery.startedAtMs = nowMs;
    this.clock.advance(5);
    this.scheduler.gate.failed(delivery, error);
    const failure = describeFailure(error, delivery.attempt, this.clock.wallMs(), 'me');
    delivery.failures = [...delivery.failures, failure];
    delivery.failedAttempts++;
    const delayMs = this.scheduler.decide(delivery, failure, error);
    if (delayMs === undefined) this.scheduler.givenUp(delivery);
    return delayMs;
  }

  /** An outage that a message sees from its beginning to its end. */
  outage(ms: number): void {
    const delivery = this.message();
    this.fail(delivery);
    this.clock.advance(ms - 5);
    this.scheduler.recovered(delivery);
    this.clock.advance(60_000);
  }
}

/** Park and Miller's generator. */
function seeded(): Random {
  let state = 1;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

const NO_BREAKER = { breaker: false, retryBudget: false } as const;

describe('what follows a failed handling', () => {
  it('is another one, later each time, and none when the attempts are used up', () => {
    const bed = new Bed({ ...NO_BREAKER, maxAttempts: 4 });
    const delivery = bed.message();
    expect([1, 2, 3, 4].map(() => bed.fail(delivery))).toEqual([50, 100, 200, undefined]);
  });

  it('is none where the error is permanent', () => {
    const bed = new Bed(NO_BREAKER);
    expect(bed.fail(bed.message(), Object.assign(new Error('bad'), { permanent: true }))).toBeUndefined();
  });

  it('is not before the time that the error asks for, within its bound', () => {
    const bed = new Bed({ ...NO_BREAKER, retryCapMs: 100, retryAfterCapMs: 60_000 });
    expect(bed.fail(bed.message(), Object.assign(new Error('busy'), { retryAfterMs: 5_000 }))).toBe(5_050);
    expect(bed.fail(bed.message(), Object.assign(new Error('busy'), { retryAfter: '86400' }))).toBe(60_000);
  });

  it('comes when what fails is going to be well, by what was learned of its outages', () => {
    const bed = new Bed(NO_BREAKER);
    for (let outages = 0; outages < 3; outages++) bed.outage(10_000);
    const early = bed.message();
    // Each of those outages began with a failure that took 5 ms to be one.
    expect(bed.fail(early)).toBe(9_995 + 50);
    bed.clock.advance(4_995);
    expect(bed.fail(bed.message())).toBe(9_995 - 5_000 + 50);
    bed.clock.advance(20_000);
    expect(bed.fail(bed.message())).toBe(50);
    expect(bed.scheduler.analytics().byCause[0]).toMatchObject({ recoveryMs: 9_995, handledLater: 3 });
  });

  it('follows outages that become shorter, though nobody tries before the old ones were over', () => {
    const bed = new Bed({ ...NO_BREAKER, maxAttempts: 1_000 }, seeded());
    const outage = (lastsMs: number) => {
      const delivery = bed.message();
      const overAtMs = bed.clock.nowMs() + lastsMs;
      while (bed.clock.nowMs() < overAtMs) bed.clock.advance(bed.fail(delivery)!);
      bed.scheduler.recovered(delivery);
      bed.clock.advance(60_000);
    };
    const learnedMs = () => bed.scheduler.analytics().byCause[0]!.recoveryMs;
    for (let i = 0; i < 20; i++) outage(20_000);
    expect(learnedMs()).toBeGreaterThan(19_000);
    for (let i = 0; i < 400; i++) outage(1_000);
    expect(learnedMs()).toBeLessThan(3_000);
  });

  it('is within its bounds whatever was learned and asked for', () => {
    const ms = fc.integer({ min: 1, max: 100_000 });
    fc.assert(
      fc.property(
        fc.array(ms, { maxLength: 5 }),
        ms,
        fc.nat(200_000),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (outages, capMs, retryAfterMs, random) => {
          const bed = new Bed({ ...NO_BREAKER, retryCapMs: capMs, retryAfterCapMs: 50_000 }, random);
          for (const outageMs of outages) bed.outage(outageMs + 10);
          const delayMs = bed.fail(bed.message(), Object.assign(new Error('down'), { retryAfterMs }))!;
          expect(delayMs).toBeGreaterThanOrEqual(Math.min(retryAfterMs, 50_000));
          expect(delayMs).toBeGreaterThanOrEqual(Math.min(50, capMs) / 10);
          expect(delayMs).toBeLessThanOrEqual(Math.max(capMs, Math.min(50_000, retryAfterMs + capMs)));
        },
      ),
    );
  });

  it('is no attempt used up where it probed for a breaker, three times', () => {
    const bed = new Bed({
      maxAttempts: 2,
      retryBudget: false,
      breaker: { minimumHandlings: 1, openMs: 10, maxOpenMs: 10 },
    });
    bed.fail(bed.message());
    const probe = bed.message();
    const decisions = [1, 2, 3, 4, 5].map(() => {
      bed.clock.advance(10);
      return bed.fail(probe);
    });
    expect(decisions.map((delayMs) => delayMs !== undefined)).toEqual([true, true, true, true, false]);
    expect(probe.forgivenAttempts).toBe(3);
  });
});

describe('retry analytics', () => {
  it('tell what retries bring, and cost', () => {
    const bed = new Bed({ ...NO_BREAKER, maxAttempts: 3 });
    const lost = bed.message();
    for (let i = 0; i < 3; i++) {
      bed.fail(lost, new TypeError('no price'));
      lost.isRetry = true;
    }
    const late = bed.message();
    bed.fail(late);
    bed.clock.advance(95);
    late.isRetry = true;
    bed.scheduler.gate.admits(late, bed.clock.nowMs());
    bed.scheduler.gate.begin(late);
    bed.scheduler.gate.handled(late);
    bed.scheduler.recovered(late);
    const analytics = bed.scheduler.analytics();
    expect(JSON.parse(JSON.stringify(analytics))).toEqual(analytics);
    expect(analytics).toMatchObject({
      handlings: 5,
      messages: 2,
      amplification: 2.5,
      failures: 4,
      givenUp: 1,
      wastedMs: 20,
      byAttempt: [
        { attempt: 1, handled: 0, failed: 2, wastedMs: 10 },
        { attempt: 2, handled: 1, failed: 1, wastedMs: 5 },
        { attempt: 3, handled: 0, failed: 1, wastedMs: 5 },
      ],
      byCause: [
        { error: 'TypeError', failures: 3, handledLater: 0, givenUp: 1 },
        { error: 'Error', failures: 1, handledLater: 1, givenUp: 0 },
      ],
      timeToSuccessMs: { count: 1, p50: 95, max: 95 },
      budget: null,
      breakers: [],
    });
  });
});
