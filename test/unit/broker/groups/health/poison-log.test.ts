import { describe, expect, it } from 'vitest';
import { type FailedDelivery, PoisonLog } from '../../../../../broker/groups/health/poison-log.js';

/** A message that has failed on these members, in this order. */
function failedOn(id: string, ...consumers: string[]): FailedDelivery {
  const failures = consumers.map((consumer, i) => {
    return {
      attempt: i + 1,
      error: 'Error',
      message: 'no',
      frames: [],
      fingerprint: 'f',
      atMs: 0,
      consumer,
      permanent: false,
    };
  });
  return { id, key: 'k', partition: 4, failures };
}

describe('a poison loop', () => {
  it('is a message that has failed on several members, told once', () => {
    const log = new PoisonLog();
    expect(log.failed(failedOn('m1', 'a', 'a'), 0)).toBeUndefined();
    const loop = { partition: 4, id: 'm1', key: 'k', attempts: 3, members: 2 };
    expect(log.failed(failedOn('m1', 'a', 'a', 'b'), 10)).toEqual(loop);
    expect(log.failed(failedOn('m1', 'a', 'a', 'b', 'c'), 20)).toBeUndefined();
    expect(log.recent(20)).toEqual([{ ...loop, attempts: 4, members: 3 }]);
  });

  it('is none where one member fails, however often, or where nothing is recorded', () => {
    const log = new PoisonLog();
    log.failed(failedOn('m1', ...Array<string>(10).fill('a')), 0);
    log.failed(failedOn('m2'), 0);
    expect(log.recent(0)).toEqual([]);
  });

  it('is forgotten some time after its last failure, and where there are many, the oldest first', () => {
    const log = new PoisonLog();
    for (const id of ['m1', 'm2', 'm3', 'm4', 'm5', 'm1', 'm6']) log.failed(failedOn(id, 'a', 'b'), 0);
    expect(log.recent(60_000).map(({ id }) => id)).toEqual(['m3', 'm4', 'm5', 'm1', 'm6']);
    expect(log.recent(60_001)).toEqual([]);
  });
});
