import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Position, type PositionChange, type TrackedEntry } from '../../../../broker/groups/position.js';

/** What settle.lua keeps of a position. */
class StoredPosition {
  low = 0;
  readonly bitmaps = new Map<number, Uint8Array>();

  record({ low, bitmaps, forgotten }: PositionChange): void {
    for (const { entry, bits } of bitmaps) {
      const id = Number(entry);
      const stored = this.bitmaps.get(id) ?? new Uint8Array(bits.length);
      this.bitmaps.set(
        id,
        stored.map((byte, i) => byte | bits[i]!),
      );
    }
    this.low = Math.max(this.low, Number(low));
    for (const entry of forgotten) this.bitmaps.delete(Number(entry));
  }

  isSettled(id: number, index: number): boolean {
    return id <= this.low || ((this.bitmaps.get(id)?.[index >> 3] ?? 0) & (1 << (index & 7))) !== 0;
  }
}

describe('a position', () => {
  it('moves low over settled entries only, and forgets their bitmaps', () => {
    const position = new Position('0');
    const [one, two] = [position.track('1', 2, undefined), position.track('2', 1, undefined)];
    position.settle(two!, 0);
    position.settle(one!, 1);
    expect(position.takeChange()).toEqual({
      low: '0',
      entries: 0,
      bitmaps: [
        { entry: '2', bits: Uint8Array.of(1) },
        { entry: '1', bits: Uint8Array.of(2) },
      ],
      forgotten: [],
    });
    expect(position.isDirty).toBe(false);
    position.settle(one!, 0);
    expect(position.takeChange()).toEqual({ low: '2', entries: 2, bitmaps: [], forgotten: ['1', '2'] });
    expect(position.trackedCount).toBe(0);
  });

  it('takes recorded bitmaps up again', () => {
    const position = new Position('0');
    const entry = position.track('1', 9, Uint8Array.of(0xff, 0));
    expect(entry.settledCount).toBe(8);
    position.settle(entry, 0);
    expect(position.isDirty).toBe(false);
    position.settle(entry, 8);
    expect(position.takeChange()).toEqual({ low: '1', entries: 1, bitmaps: [], forgotten: ['1'] });
  });

  it('once recorded, says of every message exactly whether it was settled, and keeps no bitmap at or below low', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(sizes, fc.array(fc.nat(), { maxLength: 120 }), (counts, picks) => {
        const position = new Position('0');
        const stored = new StoredPosition();
        const entries: TrackedEntry[] = counts.map((count, i) => position.track(String(i + 1), count, undefined));
        const settled = new Set<string>();
        for (const pick of picks) {
          const entry = entries[pick % entries.length]!;
          const index = (pick >> 4) % entry.count;
          position.settle(entry, index);
          settled.add(`${entry.id}:${index}`);
          if (pick % 3 === 0) stored.record(position.takeChange());
        }
        stored.record(position.takeChange());
        for (const { id, count } of entries) {
          for (let i = 0; i < count; i++) expect(stored.isSettled(Number(id), i)).toBe(settled.has(`${id}:${i}`));
        }
        expect([...stored.bitmaps.keys()].filter((id) => id <= stored.low)).toEqual([]);
      }),
    );
  });
});
