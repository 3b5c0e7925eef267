import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RetryBudget } from '../../../../../broker/recovery/retries/retry-budget.js';

describe('a retry budget', () => {
  it('has a minimum, and a share of what is handled for the first time', () => {
    const budget = new RetryBudget({ ratio: 0.2, minPerSecond: 1 });
    expect(budget.balance(0)).toBe(10);
    budget.deposit(100, 500);
    expect(budget.balance(1_000)).toBe(30);
    for (let i = 0; i < 30; i++) expect(budget.withdraw(1_000)).toBe(true);
    expect(budget.withdraw(1_000)).toBe(false);
    expect(budget.withdraw(9_999)).toBe(false);
  });

  it('forgets after ten seconds what was handled, and what was tried again', () => {
    const budget = new RetryBudget({ ratio: 0.2, minPerSecond: 1 });
    budget.deposit(100, 500);
    expect(budget.balance(9_999)).toBe(30);
    expect(budget.balance(10_000)).toBe(10);
    for (let i = 0; i < 10; i++) budget.withdraw(10_000);
    expect([budget.balance(19_999), budget.balance(20_000), budget.balance(1e9)]).toEqual([0, 10, 10]);
  });

  it('takes what is told late for when it was, and for nothing where that is long ago', () => {
    const budget = new RetryBudget({ ratio: 0.5, minPerSecond: 1 });
    budget.balance(20_000);
    budget.deposit(10, 12_000);
    budget.deposit(10, 10_999);
    expect([budget.balance(20_000), budget.balance(22_000)]).toEqual([15, 10]);
  });

  it('is not exceeded by any retry that starts, over the ten slices up to then', () => {
    const step = fc.record({
      passMs: fc.integer({ min: 0, max: 4_000 }),
      fresh: fc.nat(50),
      wanted: fc.nat(40),
    });
    const ratio = fc.integer({ min: 0, max: 8 }).map((eighths) => eighths / 8);
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), ratio, fc.nat(5), (steps, share, minPerSecond) => {
        const budget = new RetryBudget({ ratio: share, minPerSecond });
        const fresh = new Map<number, number>();
        const retries = new Map<number, number>();
        let nowMs = 0;
        for (const { passMs, fresh: count, wanted } of steps) {
          nowMs += passMs;
          const slice = Math.floor(nowMs / 1_000);
          const within = (counts: ReadonlyMap<number, number>) =>
            Array.from({ length: 10 }, (_, i) => counts.get(slice - i) ?? 0).reduce((a, b) => a + b);
          budget.deposit(count, nowMs);
          fresh.set(slice, (fresh.get(slice) ?? 0) + count);
          for (let i = 0; i < wanted && budget.withdraw(nowMs); i++) {
            retries.set(slice, (retries.get(slice) ?? 0) + 1);
            expect(within(retries)).toBeLessThanOrEqual(share * within(fresh) + 10 * minPerSecond);
          }
        }
      }),
    );
  });
});
