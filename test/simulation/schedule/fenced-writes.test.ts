import { describe, expect, it } from 'vitest';
import { Lineage } from '../redis/lineage.js';
import { FencedWrites } from './fenced-writes.js';
import { Journal } from './journal.js';

function servers() {
  const journal = new Journal(() => 0);
  const writes = new FencedWrites(journal);
  const settle = (token: number, offset: number, lineage: Lineage, owner = `m${token}`) => {
    writes.accept('lease', 0, 'settle', { token, owner, offset }, lineage);
  };
  return { settle, rules: () => journal.violations.map(({ rule }) => rule) };
}

describe('what servers accept from owners', () => {
  it('is in order where tokens only grow', () => {
    const { settle, rules } = servers();
    const first = new Lineage('a');
    for (const token of [1, 1, 2, 2]) settle(token, token, first);
    settle(3, 1, first.fork('b', 2));
    expect(rules()).toEqual([]);
  });

  it('is not where an older owner comes after a newer one, or two have one token', () => {
    const { settle, rules } = servers();
    const first = new Lineage('a');
    settle(2, 1, first);
    settle(1, 2, first);
    settle(2, 3, first, 'another');
    expect(rules()).toEqual(['one-writer', 'one-writer']);
  });

  it('counts on another history exactly what that took over', () => {
    const { settle, rules } = servers();
    const first = new Lineage('a');
    settle(1, 10, first);
    settle(2, 20, first);
    settle(1, 11, first.fork('without the newer one', 10));
    expect(rules()).toEqual([]);
    settle(1, 21, first.fork('with it', 20));
    expect(rules()).toEqual(['one-writer']);
  });
});
