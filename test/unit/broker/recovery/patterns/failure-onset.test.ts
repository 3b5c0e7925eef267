import { describe, expect, it } from 'vitest';
import { afterWhat } from '../../../../../broker/recovery/patterns/failure-onset.js';

const course = (of: (second: number) => number) => ({
  failures: Array.from({ length: 240 }, (_, s) => of(s)),
  traffic: Array.from({ length: 240 }, () => 50),
  startMs: 0,
  binMs: 1_000,
});
const deployed = [{ name: 'deployment', atMs: 120_000 }];

describe('failures after something', () => {
  it('are those of which there were none before, or by far fewer', () => {
    const found = afterWhat(
      course((s) => (s >= 125 ? 10 : 0)),
      deployed,
    );
    expect(found).toMatchObject({ kind: 'after', event: 'deployment', eventAtMs: 120_000, shareBefore: 0 });
    expect(found!.confidence).toBeGreaterThan(0.999);
    expect(
      afterWhat(
        course((s) => (s >= 122 ? 20 : 1)),
        deployed,
      ),
    ).toBeDefined();
  });

  it('are none where as many failed before', () => {
    expect(
      afterWhat(
        course(() => 1),
        deployed,
      ),
    ).toBeUndefined();
    expect(
      afterWhat(
        course((s) => (s % 20 < 5 ? 40 : 0)),
        deployed,
      ),
    ).toBeUndefined();
  });

  it('are none where they began before it, long after it, or are too few', () => {
    expect(
      afterWhat(
        course((s) => (s >= 112 ? 20 : 0)),
        deployed,
      ),
    ).toBeUndefined();
    expect(
      afterWhat(
        course((s) => (s >= 160 ? 20 : 0)),
        deployed,
      ),
    ).toBeUndefined();
    expect(
      afterWhat(
        course((s) => (s === 130 ? 3 : 0)),
        deployed,
      ),
    ).toBeUndefined();
  });

  it('are none where too little was seen before it, or nothing happened', () => {
    expect(
      afterWhat(
        course((s) => (s >= 12 ? 20 : 0)),
        [{ name: 'deployment', atMs: 10_000 }],
      ),
    ).toBeUndefined();
    expect(
      afterWhat(
        course((s) => (s >= 125 ? 20 : 0)),
        [],
      ),
    ).toBeUndefined();
  });

  it('are after the latest of several', () => {
    const several = [{ name: 'failover', atMs: 110_000 }, ...deployed];
    expect(
      afterWhat(
        course((s) => (s >= 121 ? 20 : 0)),
        several,
      ),
    ).toMatchObject({ event: 'deployment' });
  });
});
