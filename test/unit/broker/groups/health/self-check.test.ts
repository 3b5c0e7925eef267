import { describe, expect, it } from 'vitest';
import type { Delivery } from '../../../../../broker/groups/delivery.js';
import { SelfCheck } from '../../../../../broker/groups/health/self-check.js';
import { ManualClock } from '../../../../fixtures/manual-clock.js';
import { heldTenure, logDelivery } from '../../../../fixtures/tenure-bed.js';

function checked(): { clock: ManualClock; self: SelfCheck } {
  const clock = new ManualClock();
  const self = new SelfCheck({ clock, stuckHandlerMs: 30_000, stalledLoopMs: 1_000 });
  self.start();
  return { clock, self };
}

function running(sequence: number, startedAtMs: number): Delivery {
  const delivery = logDelivery(heldTenure(undefined, undefined, 3).tenure, sequence, `m${sequence}`, `k${sequence}`);
  delivery.startedAtMs = startedAtMs;
  return delivery;
}

describe('stuck handlers', () => {
  it('are those that run for longer than they may, the oldest first, and none when they have returned', () => {
    const { clock, self } = checked();
    const handlers = [running(1, 9_000), running(2, 0), running(3, 29_000)];
    clock.advance(40_000);
    expect(self.look(handlers)).toEqual({
      oldestMs: 40_000,
      loopDelayMs: 0,
      findings: [
        {
          kind: 'stuck',
          count: 2,
          handlers: [
            { partition: 3, id: 'm2', key: 'k2', ageMs: 40_000 },
            { partition: 3, id: 'm1', key: 'k1', ageMs: 31_000 },
          ],
        },
      ],
    });
    expect(self.look([handlers[2]!]).findings).toEqual([]);
    expect(self.look([])).toEqual({ oldestMs: 0, loopDelayMs: 0, findings: [] });
  });

  it('are counted, and only some are named', () => {
    const { clock, self } = checked();
    clock.advance(60_000);
    const [finding] = self.look(Array.from({ length: 9 }, (_, i) => running(i + 1, 0))).findings;
    expect(finding).toMatchObject({ kind: 'stuck', count: 9, handlers: { length: 3 } });
  });
});

describe('an event loop that stands still', () => {
  it('is found at once, and is prompt again after some reports', () => {
    const { clock, self } = checked();
    clock.stall(3_100);
    clock.advance(100);
    expect(self.look([])).toEqual({
      oldestMs: 0,
      loopDelayMs: 3_000,
      findings: [{ kind: 'stalled', loopDelayMs: 3_000 }],
    });
    const later = Array.from({ length: 6 }, () => {
      clock.advance(500);
      return self.look([]).findings.length;
    });
    expect(later).toEqual([1, 1, 1, 1, 1, 0]);
  });

  it('is no finding where it is late by less', () => {
    const { clock, self } = checked();
    clock.stall(1_000);
    clock.advance(100);
    expect(self.look([])).toEqual({ oldestMs: 0, loopDelayMs: 900, findings: [] });
  });
});
