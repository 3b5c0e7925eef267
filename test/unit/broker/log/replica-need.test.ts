import { describe, expect, it } from 'vitest';
import type { BrokerEvent } from '../../../../broker/broker-event.js';
import type { OnReplicaLoss } from '../../../../broker/log/message.js';
import { ReplicaNeed } from '../../../../broker/log/replica-need.js';
import { FakeDirectory, master } from '../../../fixtures/fake-directory.js';

/** Of a master with two replicas, on its disk and theirs. */
function needWith(onReplicaLoss: OnReplicaLoss) {
  const directory = new FakeDirectory();
  const node = master(7001);
  directory.name(node);
  directory.replicas = { configured: 2, down: 0 };
  const events: BrokerEvent[] = [];
  const onEvent = (event: BrokerEvent) => events.push(event);
  const need = new ReplicaNeed({ durability: 'fsync', onReplicaLoss, directory, onEvent });
  return { need, node, events, directory };
}

describe('the need of replicas with degrade', () => {
  it('falls to those that answer, and rises when all answer again', () => {
    const { need, node, events } = needWith('degrade');
    expect(need.of(node)).toBe(2);
    need.onAnswer(node, 0);
    expect([need.of(node), need.isDegraded(node)]).toEqual([0, true]);
    need.onAnswer(node, 2);
    expect([need.of(node), need.isDegraded(node)]).toEqual([2, false]);
    expect(events.map((event) => event.kind === 'replicas' && event.needed)).toEqual([0, 2]);
  });

  it('stays where the disk of the master was late: that says nothing of the replicas', () => {
    const { need, node, events } = needWith('degrade');
    need.onAnswer(node, -1);
    expect([need.of(node), need.isDegraded(node)]).toEqual([2, false]);
    need.onAnswer(node, 1);
    need.onAnswer(node, -1);
    expect(need.of(node)).toBe(1);
    expect(events.map((event) => event.kind === 'replicas' && event.needed)).toEqual([1]);
  });
});

describe('what a WAIT has brought', () => {
  it.each([
    ['all that it was sent for', { needed: 2, confirmed: 2, heard: undefined }, 'enough'],
    [
      'fewer, which are enough meanwhile, and nobody was asked whose',
      { needed: 2, confirmed: 1, heard: undefined },
      'too-few',
    ],
    ['as many as are needed, who are all that the master hears', { needed: 1, confirmed: 1, heard: 1 }, 'enough'],
    ['as many as are needed, and the master hears one more', { needed: 1, confirmed: 1, heard: 2 }, 'one-is-back'],
    [
      'fewer, which are enough meanwhile, and the master hears one more',
      { needed: 2, confirmed: 1, heard: 2 },
      'one-is-back',
    ],
    [
      'fewer, which are enough meanwhile, and all that the master hears',
      { needed: 2, confirmed: 1, heard: 1 },
      'enough',
    ],
    ['none', { needed: 1, confirmed: 0, heard: 0 }, 'too-few'],
    ['not the disk of the master', { needed: 1, confirmed: -1, heard: 1 }, 'too-few'],
  ] as const)('while one of two is reported down: %s', (_, answer, verdict) => {
    const { need, node, directory } = needWith('survivors');
    directory.replicas = { configured: 2, down: 1 };
    expect(need.judge(node, answer)).toBe(verdict);
  });

  it('is what answers, with degrade; where one is reported down meanwhile, whoever is heard has to', () => {
    const { need, node, directory } = needWith('degrade');
    expect(need.judge(node, { needed: 2, confirmed: 1, heard: undefined })).toBe('enough');
    need.onAnswer(node, 2);
    directory.replicas = { configured: 2, down: 1 };
    expect(need.judge(node, { needed: 2, confirmed: 1, heard: undefined })).toBe('too-few');
  });
});
