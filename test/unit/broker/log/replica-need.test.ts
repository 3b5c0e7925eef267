import { describe, expect, it } from 'vitest';
import type { BrokerEvent } from '../../../../broker/broker-event.js';
import { ReplicaNeed } from '../../../../broker/log/replica-need.js';
import { FakeDirectory, master } from '../../../fixtures/fake-directory.js';

/** Of a master with two replicas, on its disk and theirs. */
function degradingNeed() {
  const directory = new FakeDirectory();
  const node = master(7001);
  directory.name(node);
  directory.replicas = { configured: 2, down: 0 };
  const events: BrokerEvent[] = [];
  const onEvent = (event: BrokerEvent) => events.push(event);
  const need = new ReplicaNeed({ durability: 'fsync', onReplicaLoss: 'degrade', directory, onEvent });
  return { need, node, events };
}

describe('the need of replicas with degrade', () => {
  it('falls to those that answer, and rises when all answer again', () => {
    const { need, node, events } = degradingNeed();
    expect(need.of(node)).toBe(2);
    need.onAnswer(node, 0);
    expect([need.of(node), need.isDegraded(node)]).toEqual([0, true]);
    need.onAnswer(node, 2);
    expect([need.of(node), need.isDegraded(node)]).toEqual([2, false]);
    expect(events.map((event) => event.kind === 'replicas' && event.needed)).toEqual([0, 2]);
  });

  it('stays where the disk of the master was late: that says nothing of the replicas', () => {
    const { need, node, events } = degradingNeed();
    need.onAnswer(node, -1);
    expect([need.of(node), need.isDegraded(node)]).toEqual([2, false]);
    need.onAnswer(node, 1);
    need.onAnswer(node, -1);
    expect(need.of(node)).toBe(1);
    expect(events.map((event) => event.kind === 'replicas' && event.needed)).toEqual([1]);
  });
});
