import { describe, expect, it } from 'vitest';
import { compareEntryIds, laterEntryId } from '../../../../broker/log/entry-id.js';

describe('ids of entries', () => {
  it('are ordered by both of their numbers, and no id comes first', () => {
    const ids = ['10-2', '9-11', '10-10', '', '9-2'];
    expect(ids.toSorted(compareEntryIds)).toEqual(['', '9-2', '9-11', '10-2', '10-10']);
    expect(compareEntryIds('7-1', '7-1')).toBe(0);
    expect([laterEntryId('9-11', '10-2'), laterEntryId('9-11', ''), laterEntryId('', '')]).toEqual([
      '10-2',
      '9-11',
      '',
    ]);
  });
});
