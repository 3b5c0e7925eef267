import { describe, expect, it } from 'vitest';
import { LogReaders } from '../../../../broker/groups/log-readers.js';
import type { Tenure } from '../../../../broker/groups/tenure.js';
import type { Reply } from '../../../../broker/redis/wire-command.js';
import type { FakeLink } from '../../../fixtures/fake-link.js';
import { ManualClock } from '../../../fixtures/manual-clock.js';
import { heldTenure } from '../../../fixtures/tenure-bed.js';

const turn = () => new Promise((resolve) => setImmediate(resolve));

function readersOf(entryBytes = 100) {
  const clock = new ManualClock();
  const tenures: Tenure[] = [];
  const seen: string[] = [];
  let refreshes = 0;
  const readers = new LogReaders({
    clock,
    prefetchBytes: 1024 * 1024,
    tenureCount: () => tenures.length,
    onEntry: (tenure, [id]) => {
      seen.push(String(id));
      tenure.cursor = String(id);
      return entryBytes;
    },
    onRead: () => seen.push('read'),
    refresh: () => refreshes++,
  });
  const add = () => {
    const { tenure } = heldTenure();
    tenures.push(tenure);
    readers.add(tenure);
    return { tenure, link: tenure.readLink as FakeLink };
  };
  return { clock, readers, add, seen, refreshCount: () => refreshes };
}

/** Readers of two logs that have read an entry of the first. */
async function readTwoLogs(entryBytes?: number) {
  const bed = readersOf(entryBytes);
  const { link } = bed.add();
  link.answer(5);
  bed.readers.add(heldTenure(undefined, link, 1).tenure);
  await turn();
  for (const reply of [entryIds('1-0'), entryIds('1-0')]) link.answer(reply);
  await turn();
  return { ...bed, link };
}

const commands = (link: FakeLink) => link.outstanding.map(({ args }) => args[0]);
const entryIds = (...ids: string[]): Reply => [[Buffer.from('g:{t.0}:log'), ids.map((id) => [Buffer.from(id), []])]];

describe('readers', () => {
  it('read from the cursor, on and on', async () => {
    const { readers, add, seen } = readersOf();
    const { link } = add();
    link.answer(5);
    await turn();
    expect(link.outstanding[0]!.args.slice(-3)).toEqual(['STREAMS', 'g:{t.0}:log', '0-0']);
    link.answer(entryIds('1-0', '2-0'));
    await turn();
    expect(seen).toEqual(['1-0', '2-0', 'read']);
    expect(link.outstanding[0]!.args.at(-1)).toBe('2-0');
    readers.stop();
    link.close();
    await readers.stopped();
  });

  it('read no more entries than have room if they are full, and more when they prove small', async () => {
    const { readers, add } = readersOf();
    const { link } = add();
    link.answer(5);
    const counts: unknown[] = [];
    for (let i = 1; i <= 200; i++) {
      await turn();
      counts.push(link.outstanding[0]!.args[2]);
      link.answer(entryIds(`${i}-0`));
    }
    expect([counts[0], counts.at(-1)]).toEqual([4, 512]);
    readers.stop();
    link.close();
    await readers.stopped();
  });

  it('read few entries at once after a large one', async () => {
    const { readers, add } = readersOf(512 * 1024);
    const { link } = add();
    link.answer(5);
    await turn();
    link.answer(entryIds('1-0'));
    await turn();
    expect(link.outstanding[0]!.args[2]).toBe(2);
    readers.stop();
    link.close();
    await readers.stopped();
  });

  it('wait for the first of several logs, and bring what all of them have by then', async () => {
    const { readers, link, seen } = await readTwoLogs();
    const streams = ['STREAMS', 'g:{t.0}:log', 'g:{t.1}:log', '1-0', '0-0'];
    expect(link.outstanding.map(({ args }) => args)).toEqual([
      ['XREAD', 'COUNT', 1, 'BLOCK', 1_000, ...streams],
      ['XREAD', 'COUNT', expect.any(Number), ...streams],
    ]);
    link.answer(entryIds('2-0'));
    await turn();
    expect(seen).toEqual(['1-0', 'read']);
    link.answer([...(entryIds('2-0', '3-0') as Reply[]), [Buffer.from('g:{t.1}:log'), [[Buffer.from('1-1'), []]]]]);
    await turn();
    expect(seen).toEqual(['1-0', 'read', '2-0', '3-0', '1-1', 'read']);
    readers.stop();
    link.close();
    await readers.stopped();
  });

  it('take nothing of a read whose waiting was refused', async () => {
    const { readers, link, seen, clock } = await readTwoLogs();
    link.outstanding.shift()!.onReply(new Error('UNBLOCKED the stream key no longer exists'), null);
    link.answer(entryIds('2-0'));
    await turn();
    expect(seen).toEqual(['1-0', 'read']);
    clock.advance(20);
    await turn();
    expect(link.outstanding[0]!.args.slice(-2)).toEqual(['1-0', '0-0']);
    readers.stop();
    link.close();
    await readers.stopped();
  });

  it('do not wait while much is there', async () => {
    const { readers, link } = await readTwoLogs(64 * 1024);
    expect(link.outstanding.map(({ args }) => args.includes('BLOCK'))).toEqual([false]);
    link.answer(null);
    await turn();
    expect(link.outstanding.map(({ args }) => args.includes('BLOCK'))).toEqual([true, false]);
    readers.stop();
    link.close();
    await readers.stopped();
  });

  it('wait behind a message that is never settled', async () => {
    const { readers, add, clock } = readersOf();
    const { tenure, link } = add();
    link.answer(5);
    await turn();
    const first = tenure.position.track('1-0', 1, undefined);
    for (let i = 2; i <= 65_536; i++) tenure.position.settle(tenure.position.track(`${i}-0`, 1, undefined), 0);
    link.answer(null);
    await turn();
    expect(commands(link)).toEqual([]);
    tenure.position.settle(first, 0);
    clock.advance(5);
    await turn();
    expect(commands(link)).toEqual(['XREAD']);
    readers.stop();
    link.close();
    await readers.stopped();
  });

  it('are told of a new partition while they wait for the others', async () => {
    const { readers, add } = readersOf();
    const { link } = add();
    link.answer(5);
    await turn();
    const other = heldTenure(undefined, link);
    readers.add(other.tenure);
    expect(other.link.outstanding.map(({ args }) => args)).toEqual([['CLIENT', 'UNBLOCK', 5]]);
    readers.stop();
    link.close();
    await readers.stopped();
  });

  it('wait a little when Redis refuses, and ask the authority where that may help', async () => {
    const { readers, add, clock, refreshCount } = readersOf();
    const { link } = add();
    link.answer(5);
    for (let i = 1; i <= 3; i++) {
      await turn();
      expect(commands(link)).toEqual(['XREAD']);
      const moved = Object.assign(new Error('MOVED 1 127.0.0.1:2'), { name: 'ReplyError' });
      link.outstanding.shift()!.onReply(moved, null);
      await turn();
      expect([commands(link), refreshCount()]).toEqual([[], i]);
      clock.advance(20);
    }
    readers.stop();
    link.close();
    await readers.stopped();
  });

  it('rest while a link has no tenure', async () => {
    const { readers, add, clock } = readersOf();
    const { tenure, link } = add();
    link.answer(5);
    await turn();
    tenure.end();
    link.answer(null);
    await turn();
    clock.advance(60_000);
    await turn();
    expect(commands(link)).toEqual([]);
    readers.stop();
    await readers.stopped();
  });
});
