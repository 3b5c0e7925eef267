import { describe, expect, it } from 'vitest';
import { blockBootstrap } from '../../../../harness/gates/block-bootstrap.js';
import { SecondHistograms } from '../../../../harness/gates/second-histograms.js';
import { seededRandom } from '../../../../harness/random.js';

const random = () => seededRandom(42, 'test');

describe('blockBootstrap', () => {
  it('draws as many blocks as there are, and is the same for the same seed', () => {
    const bounds = () =>
      blockBootstrap(10, 0.95, random(), (weights) => {
        expect(weights.reduce((sum, weight) => sum + weight, 0)).toBe(10);
        return weights[0] as number;
      });
    expect(bounds()).toEqual(bounds());
    expect(bounds()).toEqual([0, 3]);
  });

  it('bounds a mean as its standard error does', () => {
    const values = Array.from({ length: 100 }, (_, i) => i % 10);
    const mean = (weights: Uint16Array) =>
      values.reduce((sum, value, i) => sum + value * (weights[i] as number), 0) / values.length;
    const [low, high] = blockBootstrap(values.length, 0.95, random(), mean) as [number, number];
    // Deviation of 0..9 is 2.87, of the mean of 100 0.287; 1.645 of that on either side.
    expect(4.5 - low).toBeCloseTo(0.47, 1);
    expect(high - 4.5).toBeCloseTo(0.47, 1);
  });

  it('says nothing about fewer than two blocks', () => {
    expect(blockBootstrap(1, 0.95, random(), () => 1)).toBeUndefined();
  });
});

describe('SecondHistograms', () => {
  it('bounds a quantile between calm and bad seconds, up to infinity', () => {
    const seconds = new SecondHistograms(20e9);
    for (let i = 0; i < 20_000; i++) {
      const bad = Math.floor(i / 1000) === 7;
      seconds.recordNs(i * 1e6, bad ? (i % 2 === 0 ? Infinity : 80e6) : 5e6);
    }
    const bounds = (q: number) => seconds.quantileBoundsMs(q, 0.95, random());
    expect(bounds(0.9)).toEqual([expect.closeTo(5, 1), expect.closeTo(80, 0)]);
    expect(new SecondHistograms(20e9).quantileBoundsMs(0.5, 0.95, random())).toBeUndefined();
  });

  it('gives the quantile itself when all seconds are alike', () => {
    const seconds = new SecondHistograms(10e9);
    for (let i = 0; i < 10_000; i++) seconds.recordNs(i * 1e6, (1 + (i % 100)) * 1e6);
    const [low, high] = seconds.quantileBoundsMs(0.99, 0.95, random()) as [number, number];
    expect(low).toBe(high);
    expect(low / 99).toBeCloseTo(1, 2);
  });
});
