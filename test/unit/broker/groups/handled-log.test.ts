import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HandledLog, HandledSequences } from '../../../../broker/groups/handled-log.js';

describe('handled sequences', () => {
  it('are exactly those that were added', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 120 }), (added) => {
        const sequences = new HandledSequences();
        const naive = new Set<number>();
        for (const sequence of added) {
          sequences.add(sequence);
          naive.add(sequence);
          for (let i = 0; i <= 61; i++) expect(sequences.has(i)).toBe(naive.has(i));
        }
        const runs = [...naive].filter((sequence) => !naive.has(sequence - 1)).length;
        expect(sequences.rangeCount).toBe(runs);
      }),
    );
  });

  it('stay small however many there are, and forget the lowest first', () => {
    const sequences = new HandledSequences();
    for (let sequence = 1; sequence <= 100_000; sequence++) if (sequence % 10 !== 0) sequences.add(sequence);
    expect(sequences.rangeCount).toBeLessThanOrEqual(512);
    expect([sequences.has(99_999), sequences.has(99_990), sequences.has(11)]).toEqual([true, false, false]);
    // Nothing is ever said to be handled that was not.
    for (let sequence = 10; sequence <= 100_000; sequence += 10) expect(sequences.has(sequence)).toBe(false);
  });
});

describe('a handled log', () => {
  it('tells producers apart', () => {
    const log = new HandledLog();
    log.of('a').add(1);
    expect([log.of('a').has(1), log.of('b').has(1)]).toEqual([true, false]);
  });

  it('forgets producers that were not asked for while thousands of others were', () => {
    const log = new HandledLog();
    log.of('busy').add(1);
    log.of('gone').add(1);
    for (let i = 0; i < 3_000; i++) {
      log.of(`p${i}`).add(1);
      expect(log.of('busy').has(1)).toBe(true);
    }
    expect(log.of('gone').has(1)).toBe(false);
  });
});
