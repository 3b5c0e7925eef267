import { expect, it } from 'vitest';
import { ConsumerGroupCoordinator } from '../../../../broker/groups/consumer-group-coordinator.js';
import { ManualClock } from '../../../fixtures/manual-clock.js';
import { fakeLink } from '../../../fixtures/tenure-bed.js';

it('leaves while it joins: joining fails, and leaving waits for nothing but the answer that is under way', async () => {
  const link = fakeLink('settle');
  link.greet();
  const coordinator = new ConsumerGroupCoordinator({
    topic: 't',
    group: 'g',
    partitions: 2,
    member: { id: 'a', isStatic: false },
    instance: 'i',
    sessionMs: 2_000,
    beatMs: 500,
    clock: new ManualClock(),
    onEvent: () => {},
    link: () => link,
    refresh: () => {},
    held: () => [],
    report: () => ({}),
    onSeen: () => undefined,
    onPlan: () => {},
    onReplaced: () => {},
  });
  const joined = expect(coordinator.join(60_000)).rejects.toMatchObject({ code: 'closed' });
  const left = coordinator.leave();
  await joined;
  link.answer([]);
  await left;
  expect(link.outstanding).toEqual([]);
});
