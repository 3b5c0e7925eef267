import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Contrast, placeOf } from '../../../../../broker/recovery/patterns/failure-place.js';
import type { ObservedMessage } from '../../../../../broker/recovery/patterns/observed.js';

const message = (different: Partial<ObservedMessage> = {}): ObservedMessage => ({
  id: 'm',
  key: 'k0',
  partition: 0,
  consumer: 'c0',
  kind: 'order',
  ...different,
});

/** Traffic over 100 keys, 10 partitions, 5 members and 4 kinds, which have nothing to do with each other. */
const mixed = (count: number, different: Partial<ObservedMessage> = {}): ObservedMessage[] =>
  Array.from({ length: count }, (_, i) => {
    const [k, p] = [(i * 37) % 100, (i * 7) % 10];
    return message({ key: `k${k}`, partition: p, consumer: `c${p % 5}`, kind: `kind${(i * 3) % 4}`, ...different });
  });

const contrast = (failed: readonly ObservedMessage[], passed = mixed(100)): Contrast => {
  return { failed, passed, failures: failed.length, passes: passed.length * 10 };
};

describe('what failures have in common', () => {
  it.each([
    ['one-key', { key: 'k7' }, 'k7'],
    ['one-partition', { partition: 7 }, '7'],
    ['one-consumer', { consumer: 'c3' }, 'c3'],
    ['one-kind', { kind: 'kind2' }, 'kind2'],
  ] as const)('is %s where they are there, and what passes is not', (kind, different, value) => {
    const scope = Object.keys(different)[0] as keyof ObservedMessage;
    const passed = mixed(100).filter((one) => String(one[scope]) !== value);
    const found = placeOf(contrast([...mixed(20, different), ...mixed(3)], passed));
    expect(found).toMatchObject({ kind, value });
    expect(found!.confidence).toBeGreaterThan(0.999);
    expect(found!.failuresThere).toBeGreaterThan(0.8);
  });

  it('is nothing where failures are spread as the traffic is, however uneven that is', () => {
    expect(placeOf(contrast(mixed(60)))).toBeUndefined();
    const hot = [...mixed(70, { key: 'hot', partition: 3 }), ...mixed(30)];
    expect(placeOf(contrast(hot, hot))).toBeUndefined();
  });

  it('is nothing where there is nothing else, or too little of it', () => {
    const same = Array.from({ length: 50 }, () => message());
    expect(placeOf(contrast(same, same))).toBeUndefined();
    expect(placeOf(contrast(mixed(2, { key: 'k7' })))).toBeUndefined();
    expect(placeOf(contrast(mixed(20, { key: 'k7' }), []))).toBeUndefined();
  });

  it('is the key, not the partition and member in which it lies', () => {
    const failed = mixed(20, { key: 'k7', partition: 7, consumer: 'c2' });
    const neighbours = mixed(30, { partition: 7, consumer: 'c2' }).filter(({ key }) => key !== 'k7');
    expect(placeOf(contrast(failed, [...mixed(70), ...neighbours]))).toMatchObject({ kind: 'one-key' });
  });

  it('is the partition, not the key that has most of it', () => {
    const failed = [...mixed(28, { key: 'hot', partition: 7 }), ...mixed(12, { partition: 7 })];
    const passed = mixed(100).filter(({ partition }) => partition !== 7);
    expect(placeOf(contrast(failed, passed))).toMatchObject({ kind: 'one-partition', value: '7' });
  });

  it('is the member where it has one partition, which cannot be told apart', () => {
    const failed = mixed(30, { partition: 7, consumer: 'alone' });
    const passed = mixed(100).filter(({ partition }) => partition !== 7);
    expect(placeOf(contrast(failed, passed))).toMatchObject({ kind: 'one-consumer', value: 'alone' });
  });

  it('is not the partition where it is two keys of it', () => {
    const failed = ['k7', 'k17'].flatMap((key) => mixed(30, { key, partition: 7, consumer: 'c2' }));
    const isOther = ({ key }: ObservedMessage) => key !== 'k7' && key !== 'k17';
    const neighbours = mixed(60, { partition: 7, consumer: 'c2' });
    expect(placeOf(contrast(failed, [...mixed(300), ...neighbours].filter(isOther)))).toBeUndefined();
  });

  it('is nothing where nearly nothing passes: it may be all that there was at that time', () => {
    const failed = mixed(40, { key: 'k7' });
    expect(placeOf({ failed, passed: mixed(100), failures: 40, passes: 5 })).toBeUndefined();
  });

  it('does not depend on the order in which it was seen', () => {
    const failed = [...mixed(20, { key: 'k7' }), ...mixed(6)];
    const passed = mixed(60);
    const of = fc.tuple(fc.shuffledSubarray(failed, { minLength: 26 }), fc.shuffledSubarray(passed, { minLength: 60 }));
    const expected = placeOf(contrast(failed, passed));
    expect(expected).toBeDefined();
    fc.assert(
      fc.property(of, ([f, p]) => {
        expect(placeOf(contrast(f, p))).toEqual(expected);
      }),
    );
  });

  it('is nothing for chance, nearly always', () => {
    const one = fc.record({
      id: fc.constant('m'),
      key: fc.nat(30).map(String),
      partition: fc.nat(3),
      consumer: fc.nat(1).map(String),
      kind: fc.option(fc.nat(2).map(String), { nil: undefined }),
    });
    const pairs = fc.sample(fc.tuple(fc.array(one, { maxLength: 60 }), fc.array(one, { maxLength: 60 })), {
      numRuns: 500,
      seed: 1,
    });
    expect(pairs.filter(([f, p]) => placeOf(contrast(f, p)) !== undefined).length).toBeLessThanOrEqual(5);
  });
});
