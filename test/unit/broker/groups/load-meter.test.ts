import { describe, expect, it } from 'vitest';
import { HandlerMeter } from '../../../../broker/groups/health/handler-meter.js';
import { LoadMeter } from '../../../../broker/groups/load-meter.js';
import type { Reply } from '../../../../broker/redis/wire-command.js';
import { ManualClock } from '../../../fixtures/manual-clock.js';
import { heldTenure } from '../../../fixtures/tenure-bed.js';

function bed() {
  const clock = new ManualClock();
  const { tenure, link } = heldTenure();
  const tenures = [tenure];
  const handlers = new HandlerMeter(0);
  const meter = new LoadMeter({ group: 'g', clock, limit: { lasting: 4 }, handlers, tenures: () => tenures });
  let entry = 0;
  return {
    clock,
    tenure,
    tenures,
    link,
    meter,
    handlers,
    load: () => meter.load().partitions.get(0),
    /** The owner reads so many entries of so many messages each. */
    read(entries: number, messagesEach: number) {
      for (let i = 0; i < entries; i++) {
        tenure.position.track(`${++entry}-0`, messagesEach, undefined);
        tenure.readEntries++;
        tenure.readMessages += messagesEach;
      }
    },
    /** A second passes, and Redis is asked, and says that. */
    look(entriesRead: number | null, lag: number | null) {
      clock.advance(1_000);
      meter.measure();
      link.answer(groups(['other', 1, 1], ['g', entriesRead, lag]));
    },
  };
}

function groups(...rows: [name: string, entriesRead: number | null, lag: number | null][]): Reply {
  const flat = rows.map(([name, entriesRead, lag]) => [
    ...[Buffer.from('name'), Buffer.from(name), Buffer.from('consumers'), 0, Buffer.from('pending'), 0],
    ...[Buffer.from('entries-read'), entriesRead, Buffer.from('lag'), lag],
  ]);
  return flat as unknown as Reply;
}

describe('the load of a partition', () => {
  it('is unknown before the second look', () => {
    const { look, load } = bed();
    look(0, 0);
    expect(load()).toBeUndefined();
    look(0, 0);
    expect(load()).toEqual({ ratePerSec: 0, lag: 0 });
  });

  it('counts what has come to the log, read or not, at as many messages an entry as were read', () => {
    const { read, look, load } = bed();
    look(0, 0);
    read(10, 3);
    // 40 more are there that nobody has read.
    look(0, 50);
    expect(load()).toEqual({ ratePerSec: 150, lag: 150 });
  });

  it('follows a change within seconds, not at once', () => {
    const { look, load } = bed();
    look(0, 0);
    look(100, 0);
    look(100, 0);
    expect(load()!.ratePerSec).toBeGreaterThan(60);
    for (let i = 0; i < 14; i++) look(100, 0);
    expect(load()!.ratePerSec).toBeLessThan(10);
  });

  it('goes by what was read where Redis does not know the lag', () => {
    const { read, look, load } = bed();
    look(null, null);
    read(10, 2);
    look(null, null);
    expect(load()).toEqual({ ratePerSec: 20, lag: 20 });
  });

  it('counts no message as left over that was settled ahead of one that was not', () => {
    const { tenure, read, look, load } = bed();
    read(1, 1);
    const later = tenure.position.track('9-0', 5, undefined);
    for (let i = 0; i < 5; i++) tenure.position.settle(later, i);
    look(0, 2);
    look(0, 2);
    expect(load()!.lag).toBe(1);
  });

  it('takes a log that is shorter than it was for one to which nothing came', () => {
    const { look, load } = bed();
    look(100, 0);
    look(10, 0);
    expect(load()!.ratePerSec).toBe(0);
  });

  it('is asked for again where the answer was an error, and forgotten with the tenure', () => {
    const { clock, meter, link, tenure, tenures, look, load } = bed();
    look(0, 0);
    clock.advance(1_000);
    meter.measure();
    link.outstanding.shift()!.onReply(new Error('LOADING'), null);
    look(20, 0);
    expect(load()!.ratePerSec).toBe(10);
    tenure.end();
    tenures.pop();
    meter.measure();
    expect(load()).toBeUndefined();
    expect(link.outstanding).toEqual([]);
  });
});

describe('the service time of a member', () => {
  it('is that of its handlers, unknown before any has returned', () => {
    const { meter, handlers } = bed();
    expect(meter.load()).toMatchObject({ serviceMs: undefined, concurrency: 4 });
    handlers.count(20, false);
    expect(meter.load().serviceMs).toBe(20);
  });
});
