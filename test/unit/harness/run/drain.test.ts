import { describe, expect, it } from 'vitest';
import { NS_PER_MS } from '../../../../harness/clock.js';
import { drain } from '../../../../harness/run/drain.js';
import { SimulatedClock } from '../../../fixtures/simulated-clock.js';

interface System {
  /** Time of the last handling. */
  readonly handledUntilMs: number;
  /** Until when the system owes messages. */
  readonly owesUntilMs: number;
}

/** Drains a simulated system with a redelivery time of 1 s and a deadline of 30 s. */
async function drained({ handledUntilMs, owesUntilMs }: System): Promise<{ settled: boolean; atMs: number }> {
  const clock = new SimulatedClock();
  const nowMs = () => clock.nowNs() / NS_PER_MS;
  const options = {
    clock,
    redeliveryAfterMs: 1000,
    deadlineMs: 30_000,
    lastHandledNs: () => Math.min(nowMs(), handledUntilMs) * NS_PER_MS,
    owed: async () => (nowMs() < owesUntilMs ? 1 : 0),
  };
  let end: { settled: boolean; atMs: number } | undefined;
  void drain(options, new AbortController().signal).then((settled) => {
    end = { settled, atMs: nowMs() };
  });
  while (end === undefined && nowMs() < 120_000) await clock.advance(10);
  if (end === undefined) throw new Error('the drain never ended');
  return end;
}

describe('a drain', () => {
  it('ends when nothing was handled for the redelivery time and 2 s, and nothing is owed', async () => {
    const { settled, atMs } = await drained({ handledUntilMs: 0, owesUntilMs: 0 });
    expect(settled).toBe(true);
    expect(atMs).toBeGreaterThanOrEqual(3000);
    expect(atMs).toBeLessThan(4000);
  });

  it('goes on while messages are handled', async () => {
    const { settled, atMs } = await drained({ handledUntilMs: 10_000, owesUntilMs: 0 });
    expect(settled).toBe(true);
    expect(atMs).toBeGreaterThanOrEqual(13_000);
  });

  it('goes on while messages are owed, up to the deadline', async () => {
    expect((await drained({ handledUntilMs: 0, owesUntilMs: 12_000 })).settled).toBe(true);
    const stranded = await drained({ handledUntilMs: 0, owesUntilMs: Number.POSITIVE_INFINITY });
    expect(stranded.settled).toBe(false);
    expect(stranded.atMs).toBeGreaterThanOrEqual(30_000);
    expect(stranded.atMs).toBeLessThan(40_000);
  });

  it('ends though a system goes on handling for ever', async () => {
    const { atMs } = await drained({ handledUntilMs: Number.POSITIVE_INFINITY, owesUntilMs: 0 });
    expect(atMs).toBeLessThan(40_000);
  });
});
