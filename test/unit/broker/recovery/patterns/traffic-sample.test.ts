import { describe, expect, it } from 'vitest';
import { TrafficSample } from '../../../../../broker/recovery/patterns/traffic-sample.js';
import { seededRandom } from '../../../../../harness/random.js';

/** Handles so many a second for 60 s; how many of them were looked at, as what, and how many these stand for. */
function handle(perSecond: number, keyOf: (i: number) => string) {
  const sample = new TrafficSample();
  const keys: string[] = [];
  for (let i = 0; i < perSecond * 60; i++) {
    if (!sample.isNext()) continue;
    const message = { id: '', key: keyOf(i), partition: 0, consumer: 'c', kind: undefined };
    sample.add({ message, template: undefined }, (i * 1_000) / perSecond);
    keys.push(message.key);
  }
  const counted = sample.timeline.counts(0, 60_000).reduce((all, count) => all + count, 0);
  return { looks: keys.length, keys, counted };
}

describe('a sample of the traffic', () => {
  it('is of some 32 messages a second, whatever the rate, and stands for all of them', () => {
    for (const perSecond of [100, 2_000, 50_000]) {
      const { looks, counted } = handle(perSecond, () => 'k');
      expect(looks / 60).toBeGreaterThan(20);
      expect(looks / 60).toBeLessThan(80);
      expect(counted / (perSecond * 60)).toBeGreaterThan(0.9);
      expect(counted / (perSecond * 60)).toBeLessThan(1.1);
    }
  });

  it('is of all messages where they are few', () => {
    expect(handle(5, () => 'k')).toMatchObject({ looks: 300, counted: 300 });
  });

  it('is not always of the same one of keys that take turns', () => {
    const { keys } = handle(2_048, (i) => `k${i % 64}`);
    const share = keys.filter((key) => key === 'k0').length / keys.length;
    expect(new Set(keys).size).toBe(64);
    expect(share).toBeLessThan(0.05);
  });

  it('follows what the traffic is', () => {
    const random = seededRandom(1, 'hot');
    const { keys } = handle(3_000, () => (random() < 0.3 ? 'hot' : 'other'));
    const share = keys.filter((key) => key === 'hot').length / keys.length;
    expect(share).toBeGreaterThan(0.27);
    expect(share).toBeLessThan(0.33);
  });
});
