import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../../broker/clock.js';
import { Ownership } from '../../../../broker/groups/ownership.js';
import type { Link } from '../../../../broker/redis/link.js';
import type { OnReply, Reply } from '../../../../broker/redis/wire-command.js';

/** An ownership of two partitions whose every command ends like this. */
function ownershipWhere(outcome: Error | Reply) {
  const acquired: number[] = [];
  let commands = 0;
  const link = {
    name: 'link',
    history: 'h',
    isEnded: false,
    lastReason: '',
    whenOpen: async (signal: AbortSignal) => !signal.aborted,
    send: (_args: unknown, onReply: OnReply) => {
      commands++;
      if (outcome instanceof Error) onReply(outcome, null);
      else onReply(undefined, outcome);
    },
  };
  const ownership = new Ownership({
    topic: 't',
    group: 'g',
    owner: 'me',
    partitions: [0, 1],
    link: link as unknown as Link,
    clock: systemClock,
    random: () => 0,
    onEvent: () => {},
    onAcquired: ({ partition }) => acquired.push(partition),
  });
  return { ownership, acquired, commandCount: () => commands };
}

function refusal(message: string): Error {
  return Object.assign(new Error(message), { name: 'ReplyError' });
}

describe('the first acquisition', () => {
  it('begins a tenure of every partition', async () => {
    const reply = [Buffer.from('7'), [Buffer.from('low'), Buffer.from('0-0')], []] as unknown as Reply;
    const { ownership, acquired } = ownershipWhere(reply);
    await ownership.acquireAll(60_000);
    expect(acquired).toEqual([0, 1]);
    expect(ownership.tenures.map(({ token }) => token)).toEqual(['7', '7']);
  });

  it('fails at once when Redis refuses for good', async () => {
    const { ownership, commandCount } = ownershipWhere(refusal('WRONGTYPE Operation against a key'));
    await expect(ownership.acquireAll(60_000)).rejects.toMatchObject({ name: 'BrokerError', code: 'refused' });
    expect(commandCount()).toBe(2);
  });

  it('fails at its deadline while Redis refuses for now', async () => {
    const { ownership } = ownershipWhere(refusal('LOADING Redis is loading'));
    await expect(ownership.acquireAll(1)).rejects.toMatchObject({
      code: 'connection',
      message: expect.stringContaining('LOADING'),
    });
  });
});
