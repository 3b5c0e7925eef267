import { describe, expect, it } from 'vitest';
import { type EntrySink, type RawEntry, readEntry } from '../../../../broker/groups/entry-reader.js';
import type { Tenure } from '../../../../broker/groups/tenure.js';
import { decoded, heldTenure } from '../../../fixtures/tenure-bed.js';

interface Header {
  readonly first?: string;
  readonly count?: string;
  readonly skip?: string;
}

function entryOf(ids: readonly string[], { first = '5', count = String(ids.length), skip }: Header = {}): RawEntry {
  const frame = Buffer.concat(ids.map((id) => decoded(id).raw));
  const words = ['p', '0', first, count, '0', ...(skip === undefined ? [] : [skip])];
  return [Buffer.from('1-0'), [Buffer.from(words.join(' ')), frame]];
}

/** What an entry hands over. */
function read(tenure: Tenure, entry: RawEntry): string[] {
  const seen: string[] = [];
  const sink: EntrySink = {
    onMessage: (delivery) => {
      seen.push(delivery.id);
      delivery.rememberHandled();
    },
    onUndecodable: (_tenure, _entry, index, reason) => seen.push(`${index} ${reason}`),
  };
  readEntry(tenure, entry, sink);
  return seen;
}

describe('reading an entry', () => {
  it('hands over its messages, which are known by producer and sequence', () => {
    const { tenure } = heldTenure();
    expect(read(tenure, entryOf(['a', 'b']))).toEqual(['a', 'b']);
    expect(tenure.cursor).toBe('1-0');
    const handled = tenure.handledLog.of('p');
    expect([4, 5, 6, 7].map((sequence) => handled.has(sequence))).toEqual([false, true, true, false]);
  });

  it('leaves out what is settled', () => {
    const { tenure } = heldTenure();
    tenure.bitmaps.set('1-0', Buffer.of(0b10));
    expect(read(tenure, entryOf(['a', 'b', 'c']))).toEqual(['a', 'c']);
  });

  it('settles what application ids have hit, unhandled', () => {
    const { tenure } = heldTenure();
    expect(read(tenure, entryOf(['a', 'b', 'c', 'd'], { skip: '0,2' }))).toEqual(['b', 'd']);
    expect(tenure.takeSettlement()?.change.bitmaps).toEqual([{ entry: '1-0', bits: Uint8Array.of(0b101) }]);
    expect(read(tenure, entryOf(['a'], { skip: '' }))).toEqual(['a']);
    expect(read(tenure, entryOf(['a'], { skip: '7' }))).toEqual(['a']);
  });

  it('names every message of a broken entry by its position', () => {
    const { tenure } = heldTenure();
    expect(read(tenure, entryOf(['a'], { count: '0' }))).toEqual(['0 bad-entry']);
    expect(read(tenure, entryOf(['a'], { count: '3' }))).toEqual(['a', '1 truncated', '2 truncated']);
  });

  it('hands over messages whose producer is not told, and remembers nothing of them', () => {
    const { tenure } = heldTenure();
    expect(read(tenure, entryOf(['a'], { first: 'x' }))).toEqual(['a']);
    expect(tenure.handledLog.of('p').rangeCount).toBe(0);
  });
});
