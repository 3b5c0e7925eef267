import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HandlerMeter } from '../../../../../broker/groups/health/handler-meter.js';

function count(meter: HandlerMeter, handlings: number, ms: number, failed = false): void {
  for (let i = 0; i < handlings; i++) meter.count(ms, failed);
}

describe('a handler meter', () => {
  it('knows nothing at first', () => {
    expect(new HandlerMeter(0).read(5_000)).toEqual({
      serviceMs: 0,
      failureRatio: 0,
      handlings: 0,
      handledPerSec: 0,
      failedPerSec: 0,
    });
  });

  it('tells how long handlers take, how many fail, and how many there are in a second', () => {
    const meter = new HandlerMeter(0);
    count(meter, 30, 10);
    count(meter, 10, 50, true);
    expect(meter.read(2_000)).toEqual({
      serviceMs: 20,
      failureRatio: 0.25,
      handlings: 40,
      handledPerSec: 15,
      failedPerSec: 5,
    });
    expect(meter.read(2_100).handledPerSec).toBe(15);
    expect(meter.read(3_000).handledPerSec).toBe(0);
  });

  it('follows a change within some tens of handlings, however they are read', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 50 }), (perReading) => {
        const meter = new HandlerMeter(0);
        count(meter, 1_000, 5);
        meter.read(1);
        for (let done = 0; done < 160; done += perReading) {
          count(meter, perReading, 100);
          meter.read(2);
        }
        expect(meter.read(3).serviceMs).toBeGreaterThan(75);
      }),
    );
  });

  it('stays between the shortest and the longest', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 3, max: 900 }), { minLength: 1 }), (durations) => {
        const meter = new HandlerMeter(0);
        for (const ms of durations) {
          meter.count(ms, false);
          const { serviceMs } = meter.read(0);
          expect(serviceMs).toBeGreaterThanOrEqual(Math.min(...durations) - 1e-9);
          expect(serviceMs).toBeLessThanOrEqual(Math.max(...durations) + 1e-9);
        }
      }),
    );
  });

  it('forgets what is told not to count any more, and not the rates', () => {
    const meter = new HandlerMeter(0);
    count(meter, 100, 80, true);
    meter.forget();
    expect(meter.read(1_000)).toMatchObject({ serviceMs: 0, failureRatio: 0, handlings: 0, failedPerSec: 100 });
    count(meter, 1, 4);
    expect(meter.read(1_001)).toMatchObject({ serviceMs: 4, failureRatio: 0, handlings: 1 });
  });
});
