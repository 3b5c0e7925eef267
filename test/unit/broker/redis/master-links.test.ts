import { beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../../broker/clock.js';
import type { Link } from '../../../../broker/redis/link.js';
import { MasterLinks } from '../../../../broker/redis/master-links.js';
import { FakeDirectory, master } from '../../../fixtures/fake-directory.js';
import { FakeLink } from '../../../fixtures/fake-link.js';

describe('links to masters', () => {
  let directory: FakeDirectory;
  let opened: FakeLink[];
  let log: string[];
  let links: MasterLinks;

  beforeEach(() => {
    directory = new FakeDirectory();
    opened = [];
    log = [];
    links = new MasterLinks({
      purpose: 'publish',
      directory,
      openLink: (options) => {
        const link = new FakeLink(options);
        opened.push(link);
        return link;
      },
      credentials: { password: 'secret' },
      replyTimeoutMs: 1_000,
      clock: systemClock,
      random: () => 0.5,
      onEvent: () => {},
      onOpen: (_, { id, epoch }) => log.push(`open ${id} ${epoch}`),
      onClosed: (_, { id }, reason) => log.push(`closed ${id} ${reason}`),
    });
  });

  it('are none while nobody is named', () => {
    expect(links.of(0)).toBeUndefined();
    expect(links.lastReason(0)).toBe('no master is named');
    expect(opened).toEqual([]);
  });

  it('are opened when first asked for, one for each master and stream', () => {
    directory.name(master(1), master(2));
    expect(links.of(0)).toBe(links.of(2));
    expect(links.of(0)).not.toBe(links.of(1));
    expect(links.of(0, 'read')).not.toBe(links.of(0));
    expect(links.of(0, 'read')).toBe(links.of(2, 'read'));
    expect(opened.map(({ name }) => name)).toEqual([
      'publish@127.0.0.1:1',
      'publish@127.0.0.1:2',
      'publish@127.0.0.1:1#read',
    ]);
    expect(opened[0]!.options.address).toEqual({ host: '127.0.0.1', port: 1, password: 'secret' });
  });

  it('do not open at a replica, and ask the authority', () => {
    directory.name(master(1));
    links.of(0);
    expect(opened[0]!.greet({ role: 'slave' })).toBe(false);
    expect(directory.refreshes).toBe(1);
    expect(opened[0]!.greet()).toBe(true);
    expect(log).toEqual(['open 127.0.0.1:1 1']);
  });

  it('are closed for good when another master is named; what is outstanding fails', async () => {
    directory.name(master(1));
    const former = links.of(0)!;
    opened[0]!.greet();
    const outstanding = former.call('PING');
    directory.name(master(2, 2));
    await expect(outstanding).rejects.toMatchObject({ code: 'connection' });
    expect(former.isEnded).toBe(true);
    const present = links.of(0)!;
    expect(present.name).toBe('publish@127.0.0.1:2');
    opened[1]!.greet({ history: 'h2' });
    expect(log).toEqual(['open 127.0.0.1:1 1', 'closed 127.0.0.1:1 closed', 'open 127.0.0.1:2 2']);
    expect(links.all()).toEqual([present]);
  });

  it.each([
    ['stay where the same master, named at a higher epoch, has the same history', 'h1', []],
    ['are greeted again where it has another', 'h2', ['named anew, at epoch 3']],
  ])('%s', (_, history, resets) => {
    directory.name(master(1));
    links.of(0);
    opened[0]!.greet({ history: 'h1' });
    directory.name(master(1));
    expect(opened[0]!.outstanding).toEqual([]);
    directory.name(master(1, 3));
    opened[0]!.answer(Buffer.from(`role:master\r\nmaster_replid:${history}\r\n`));
    expect(opened[0]!.resets).toEqual(resets);
    expect(opened[0]!.isEnded).toBe(false);
  });

  it('ask the authority when one breaks, and can be torn down at will', () => {
    directory.name(master(1), master(2));
    links.of(0);
    links.of(1);
    for (const link of opened) link.greet();
    links.reset('test', '127.0.0.1:2');
    expect(opened.map(({ isOpen }) => isOpen)).toEqual([true, false]);
    expect(directory.refreshes).toBe(1);
    links.reset('test');
    expect(opened.map(({ isOpen }) => isOpen)).toEqual([false, false]);
  });

  it('tell who waits as soon as the link of the master of that moment is open', async () => {
    const waiting = links.whenOpen(0);
    directory.name(master(1));
    await turn();
    directory.name(master(2, 2));
    await turn();
    opened[1]!.greet();
    expect(await waiting).toBe(links.of(0));
    const aborted = new AbortController();
    const never: Promise<Link | undefined> = links.whenOpen(0, aborted.signal, 'other');
    aborted.abort();
    expect(await never).toBeUndefined();
  });

  it('are all closed at the end, waiting or not', async () => {
    directory.name(master(1));
    const waiting = links.whenOpen(0);
    links.close();
    links.close();
    expect(await waiting).toBeUndefined();
    expect(opened.map(({ isEnded }) => isEnded)).toEqual([true]);
    expect(links.of(0)).toBeUndefined();
  });
});

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
