import { describe, expect, it } from 'vitest';
import type { PublishOutcome } from '../../../broker/log/outgoing-frame.js';
import { Journal } from './journal.js';

const accepted: PublishOutcome = { kind: 'accepted', receipt: { partition: 0, durability: 'leader', replicas: 0 } };
const rejected = { kind: 'rejected', error: new Error('full') } as unknown as PublishOutcome;

function journal() {
  const made = new Journal(() => 0);
  const publish = (id: string, key?: string, producer = 'p') => made.publish(id, producer, key, undefined);
  const handle = (id: string, token = 1, result: 'handled' | 'failed' | 'gave-up' = 'handled') => {
    made.end(made.start({ id, member: `m${token}`, partition: 0, token, attempt: 1 }), result);
  };
  return { made, publish, handle, rules: () => made.violations.map(({ rule }) => rule) };
}

describe('a journal', () => {
  it('finds nothing where all is in order', () => {
    const { made, publish, handle, rules } = journal();
    const [a, b] = [publish('a', 'k'), publish('b', 'k')];
    made.outcome(a, accepted);
    expect(made.hasOpen).toBe(true);
    handle('a', 1, 'failed');
    handle('a', 2);
    handle('b', 2);
    made.outcome(b, accepted);
    expect(made.hasOpen).toBe(false);
    expect(rules()).toEqual([]);
  });

  it('finds a message that overtook an earlier one of its key and producer, also one that waits for a retry', () => {
    const { publish, handle, rules } = journal();
    for (const id of ['a', 'b']) publish(id, 'k');
    handle('a', 1, 'failed');
    handle('b');
    handle('a');
    expect(rules()).toEqual(['order']);
  });

  it('lets messages of other keys and producers pass, and those that were given up', () => {
    const { publish, handle, rules } = journal();
    publish('a', 'k');
    publish('other key', 'l');
    publish('other producer', 'k', 'q');
    publish('b', 'k');
    handle('other key');
    handle('other producer');
    handle('a', 1, 'gave-up');
    handle('b');
    handle('a');
    expect(rules()).toEqual([]);
  });

  it('finds a handler that starts for an older owner after one for a newer one', () => {
    const { publish, handle, rules } = journal();
    for (const id of ['a', 'b', 'c']) publish(id);
    handle('a', 1);
    handle('b', 2);
    handle('c', 1);
    expect(rules()).toEqual(['one-owner']);
  });

  it('finds a message that is handled again by whoever has to know that it was handled', () => {
    const { made, publish, handle, rules } = journal();
    for (const id of ['a', 'b', 'c']) publish(id);
    handle('a', 1);
    handle('a', 1);
    expect(rules()).toEqual(['handled-once']);
    handle('b', 1);
    made.tenureBegins(0, 2, 'h1', new Set(['b']));
    handle('b', 2);
    expect(rules()).toEqual(['handled-once', 'handled-once']);
    // In the process of the first owner, under a new token.
    handle('c', 2);
    made.start({ id: 'c', member: 'm2', partition: 0, token: 3, attempt: 1 });
    expect(rules()).toHaveLength(3);
  });

  it('lets a message be handled again whose settlement was lost, or never recorded', () => {
    const { made, publish, handle, rules } = journal();
    for (const id of ['a', 'b']) publish(id);
    handle('a', 1);
    made.tenureBegins(0, 2, 'h1', new Set());
    handle('a', 2);
    // Handled at the second attempt only: no process remembers that.
    const retried = (token: number) => made.start({ id: 'b', member: 'm', partition: 0, token, attempt: 2 });
    made.end(retried(2), 'handled');
    made.end(retried(3), 'handled');
    expect(rules()).toEqual([]);
  });

  it('finds messages that nobody published, that were called not stored, and outcomes that came twice', () => {
    const { made, publish, handle, rules } = journal();
    handle('x');
    made.outcome(publish('a'), rejected);
    handle('a');
    const b = publish('b');
    made.outcome(b, accepted);
    made.outcome(b, accepted);
    expect(rules()).toEqual(['nothing-invented', 'rejected-is-not-stored', 'one-outcome']);
  });

  it('finds a partition that is handed over before its handlers have returned, or their work is recorded', () => {
    const { made, publish, handle, rules } = journal();
    for (const id of ['a', 'b', 'c']) publish(id);
    made.tenureBegins(0, 1, 'h1', new Set());
    handle('a');
    made.released(0, 1, 'h1', new Set(['b']));
    made.handedOver('m1', 0);
    expect(rules()).toEqual([]);
    handle('b');
    made.released(0, 1, 'h1', new Set(['b']));
    made.handedOver('m1', 0);
    expect(rules()).toEqual(['handed-over-whole']);
    made.start({ id: 'c', member: 'm1', partition: 0, token: 1, attempt: 1 });
    made.released(0, 1, 'h1', new Set(['c']));
    made.handedOver('m1', 0);
    expect(rules()).toEqual(['handed-over-whole', 'handed-over-whole']);
  });

  it('finds nothing in a release on another history, or when the time for handlers was over', () => {
    const { made, publish, handle, rules } = journal();
    publish('a');
    made.tenureBegins(0, 1, 'h1', new Set());
    handle('a');
    made.released(0, 1, 'h2', new Set(['a']));
    made.handedOver('m1', 0);
    made.released(0, 1, 'h1', new Set(['a']));
    expect(rules()).toEqual([]);
  });
});
