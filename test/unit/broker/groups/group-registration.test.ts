import { describe, expect, it } from 'vitest';
import { GroupRegistration } from '../../../../broker/groups/group-registration.js';
import type { BrokerError } from '../../../../broker/index.js';
import { slotOf } from '../../../../broker/redis/slot.js';
import { FakeDirectory } from '../../../fixtures/fake-directory.js';
import type { FakeLink } from '../../../fixtures/fake-link.js';
import { ManualClock } from '../../../fixtures/manual-clock.js';
import { fakeLink } from '../../../fixtures/tenure-bed.js';

const MADE = 1;
const FOUND = 0;
const WITHIN_MS = 1_000;

/** Group `g` of topic `t` on partitions 0 to 3, of which one master has the first half, and another one the second. */
function registering({ isSecondOpen = true } = {}) {
  const clock = new ManualClock();
  const [first, second] = [fakeLink('first'), fakeLink('second')];
  first.greet();
  if (isSecondOpen) second.greet();
  const registration = new GroupRegistration({
    topic: 't',
    partitions: 4,
    group: 'g',
    startAt: 'earliest',
    directory: new FakeDirectory(),
    clock,
    waitMs: 100,
    linkOf: (slot) => ([0, 1].some((partition) => slotOf('t', partition) === slot) ? first : second),
    replicasOf: () => 0,
  });
  const abort = new AbortController();
  const ended: Promise<BrokerError | undefined> = registration.complete(WITHIN_MS, abort.signal).then(
    () => undefined,
    (error) => registration.explain(error) as BrokerError,
  );
  return { clock, first, second, ended, abort };
}

/** Answers the calls that wait, then lets time pass until those that failed are sent again. */
async function answer(clock: ManualClock, link: FakeLink, ...replies: number[]): Promise<void> {
  for (const reply of replies) link.answer(reply);
  await new Promise(setImmediate);
  clock.advance(50);
  await new Promise(setImmediate);
}

async function passDeadline(clock: ManualClock): Promise<void> {
  clock.advance(WITHIN_MS);
  await new Promise(setImmediate);
}

describe('a registration that ends before its time', () => {
  it('is complete when every partition has answered, and leaves nothing to explain', async () => {
    const { clock, first, second, ended } = registering();
    await answer(clock, first, MADE, MADE);
    await answer(clock, second, MADE, FOUND);
    expect(await ended).toBeUndefined();
  });

  it('names the partitions whose logs are kept for a group that did not come to be, and both remedies', async () => {
    const { clock, first, second, ended } = registering();
    second.reset('its master is away');
    await answer(clock, first, MADE, MADE);
    await passDeadline(clock);
    const error = await ended;
    expect(error).toMatchObject({ code: 'connection', retriable: true });
    expect(error!.message).toBe(
      `g:{t.2}:groups: group 'g' not registered within 1000 ms: its master is away; group 'g' is registered now, and ` +
        `the log keeps everything for it on partitions 0, 1, maybe 2, 3: subscribe again, or deleteGroup('t', 'g')`,
    );
  });

  it('does not advise to delete a group that some partitions had before', async () => {
    const { clock, first, second, ended } = registering();
    await answer(clock, first, FOUND, MADE);
    second.reset('its master is away');
    await passDeadline(clock);
    const { message } = (await ended)!;
    expect(message).toMatch(/on partitions 1, maybe 2, 3: subscribe again$/);
  });

  it('says nothing of what it has not made', async () => {
    const { clock, first, ended } = registering({ isSecondOpen: false });
    await answer(clock, first, FOUND, FOUND);
    await passDeadline(clock);
    expect((await ended)!.message).toMatch(/not registered within 1000 ms: not connected yet$/);
  });

  it('knows as its own what it finds after a request without an answer', async () => {
    const { clock, first, second, ended } = registering();
    first.reset('reset');
    second.reset('reset');
    first.isOpen = true;
    await new Promise(setImmediate);
    clock.advance(50);
    await new Promise(setImmediate);
    await answer(clock, first, FOUND, MADE);
    await passDeadline(clock);
    expect((await ended)!.message).toMatch(/on partitions 0, 1, maybe 2, 3: subscribe again, or deleteGroup/);
  });

  it('explains itself as well when its member closes meanwhile', async () => {
    const { clock, first, second, ended, abort } = registering();
    await answer(clock, first, MADE, MADE);
    abort.abort();
    second.reset('closed');
    await new Promise(setImmediate);
    expect(await ended).toMatchObject({ code: 'closed', message: expect.stringContaining('on partitions 0, 1,') });
  });
});
