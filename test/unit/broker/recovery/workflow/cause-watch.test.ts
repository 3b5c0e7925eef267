import { describe, expect, it } from 'vitest';
import { CauseWatch, type SeenLetter } from '../../../../../broker/recovery/workflow/cause-watch.js';

/** Dead letters of one partition, page by page. */
class Letters {
  readonly partitions = 1;
  all: SeenLetter[] = [];
  pages = 0;
  #next = 0;

  add(fingerprint: string, atMs: number): void {
    this.all.push({ entry: `${this.#next++}`, fingerprint, atMs });
  }

  count = async () => this.all.length;

  page = async (_: number, after: string | undefined) => {
    this.pages++;
    return this.all.filter(({ entry }) => after === undefined || Number(entry) > Number(after)).slice(0, 3);
  };
}

describe('causes of dead letters', () => {
  it('are counted with what is new, without reading anew what was seen', async () => {
    const letters = new Letters();
    const watch = new CauseWatch(letters);
    for (let i = 0; i < 7; i++) letters.add(i % 2 === 0 ? 'a' : 'b', i);
    expect((await watch.look()).causes).toEqual([
      { fingerprint: 'b', count: 3, recentMs: [1, 3, 5] },
      { fingerprint: 'a', count: 4, recentMs: [0, 2, 4, 6] },
    ]);
    letters.pages = 0;
    letters.add('b', 7);
    expect((await watch.look()).causes.find(({ fingerprint }) => fingerprint === 'b')?.count).toBe(4);
    expect(letters.pages).toBe(2);
  });

  it('are counted anew where some are gone, also where others came in their place', async () => {
    const letters = new Letters();
    const watch = new CauseWatch(letters);
    for (let i = 0; i < 4; i++) letters.add('a', i);
    await watch.look();
    letters.all.splice(0, 2);
    letters.add('b', 9);
    letters.add('b', 10);
    expect((await watch.look()).causes).toEqual([
      { fingerprint: 'a', count: 2, recentMs: [2, 3] },
      { fingerprint: 'b', count: 2, recentMs: [9, 10] },
    ]);
    letters.all = [];
    expect((await watch.look()).causes).toEqual([]);
  });

  it('are not all known before every page was read', async () => {
    const letters = new Letters();
    const watch = new CauseWatch(letters);
    for (let i = 0; i < 200; i++) letters.add('a', i);
    expect(await watch.look()).toMatchObject({ hasUnseen: true, causes: [{ count: 150 }] });
    expect(await watch.look()).toMatchObject({ hasUnseen: false, causes: [{ count: 200 }] });
    expect(await watch.look()).toMatchObject({ hasUnseen: false });
  });

  it('are at most a thousand, and their times, too', async () => {
    const letters = new Letters();
    letters.page = async (_, after) => letters.all.slice(after === undefined ? 0 : Number(after) + 1);
    const watch = new CauseWatch(letters);
    for (let i = 0; i < 1_500; i++) letters.add('a', i);
    for (let i = 0; i < 1_100; i++) letters.add(`c${i}`, 2_000 + i);
    const { causes } = await watch.look();
    expect(causes).toHaveLength(1_000);
    expect(causes.at(-1)?.fingerprint).toBe('c1099');
    const other = new CauseWatch(letters);
    letters.all = letters.all.slice(0, 1_500);
    expect((await other.look()).causes[0]).toMatchObject({ count: 1_500, recentMs: { length: 1_000 } });
  });
});
