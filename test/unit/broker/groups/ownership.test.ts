import { describe, expect, it } from 'vitest';
import { type LeasePolicy, Ownership } from '../../../../broker/groups/ownership.js';
import type { BrokerEvent } from '../../../../broker/index.js';
import type { Directory } from '../../../../broker/redis/directory.js';
import type { Reply } from '../../../../broker/redis/wire-command.js';
import { FakeDirectory, master } from '../../../fixtures/fake-directory.js';
import type { FakeLink } from '../../../fixtures/fake-link.js';
import { ManualClock } from '../../../fixtures/manual-clock.js';
import { fakeLink } from '../../../fixtures/tenure-bed.js';

const buffer = (text: string) => Buffer.from(text);

function acquiredReply(token: string, history = 'h1'): Reply {
  const lapse = [buffer('0'), buffer(''), buffer('')];
  return [1, buffer(token), buffer(history), [buffer('low'), buffer('0-0')], [], buffer('0'), ...lapse, []];
}
const foreign: Reply = [0, buffer('other'), buffer('5'), buffer('1'), buffer('2000')];

/** An ownership of two partitions of one master, on links that the test answers. */
function ownershipOf(
  replicas = 0,
  policy: LeasePolicy = { durability: 'replicated', onReplicaLoss: 'survivors' },
  topology: Directory['topology'] = 'sentinel',
) {
  const clock = new ManualClock();
  const directory = new FakeDirectory();
  directory.topology = topology;
  directory.replicas = { configured: replicas, down: 0 };
  directory.name(master(1));
  const links = { lease: fakeLink('lease'), settle: fakeLink('settle'), read: fakeLink('read') };
  for (const link of Object.values(links)) link.greet();
  const events: BrokerEvent[] = [];
  const begun: string[] = [];
  const ownership = new Ownership({
    topic: 't',
    group: 'g',
    owner: 'me',
    partitions: 2,
    timing: { durationMs: 2_000, renewMs: 500, stopMs: 1_400 },
    directory,
    policy,
    links: { lease: () => links.lease, settle: () => links.settle, read: () => links.read },
    clock,
    onEvent: (event) => events.push(event),
    onBegun: ({ partition, token }) => begun.push(`${partition}: ${token}`),
    onRenewed: () => {},
    onUnwanted: ({ partition }) => begun.push(`${partition} unwanted`),
    onTakenOver: (partition) => begun.push(`${partition} taken over`),
    onDeleted: () => begun.push('deleted'),
  });
  ownership.apply({ own: new Set([0, 1]), watch: new Map() });
  return { ownership, clock, directory, links, begun, events, kinds: () => events.map(({ kind }) => kind) };
}

/** Commands that wait for an answer, by what they do. */
function asked(link: FakeLink): string[] {
  return link.outstanding.map(({ args }) =>
    args[0] === 'WAIT' ? `WAIT ${args[1]}` : args[2] === 6 ? 'acquire' : 'renew',
  );
}

describe('the first acquisition', () => {
  it('takes all partitions of a master in one pipeline with one WAIT, and begins when that is confirmed', async () => {
    const { ownership, links, begun, clock } = ownershipOf(2);
    const started = ownership.start(60_000);
    expect(asked(links.lease)).toEqual(['acquire', 'acquire', 'WAIT 2']);
    links.lease.answer(acquiredReply('7'));
    links.lease.answer(acquiredReply('8'));
    expect(begun).toEqual([]);
    links.lease.answer(2);
    expect(begun).toEqual(['0: 7', '1: 8']);
    await started;
    expect(ownership.tenures.every((tenure) => tenure.mayHandle(clock.nowMs()))).toBe(true);
    expect(ownership.isCaughtUp(master(1))).toBe(true);
  });

  it('does not count while fewer replicas have confirmed it: the row is ours, and renewed until they have', async () => {
    const { ownership, links, begun, clock } = ownershipOf(2);
    const started = ownership.start(60_000);
    for (const reply of [acquiredReply('7'), acquiredReply('8'), 1]) links.lease.answer(reply);
    expect([begun, ownership.isCaughtUp(master(1))]).toEqual([[], false]);
    clock.advance(500);
    expect(asked(links.lease)).toEqual(['renew', 'renew', 'WAIT 2']);
    for (const reply of [[1], [1], 2]) links.lease.answer(reply);
    await started;
    expect(begun).toEqual(['0: 7', '1: 8']);
  });

  it.each([
    ['sentinel', 'leader', 'survivors', 'WAIT 2'],
    ['sentinel', 'replicated', 'degrade', 'WAIT 2'],
    ['standalone', 'replicated', 'survivors', 'WAIT 2'],
    ['standalone', 'fsync', 'block', 'WAIT 2'],
    ['standalone', 'leader', 'survivors', 'renew'],
    ['standalone', 'replicated', 'degrade', 'renew'],
  ] as const)('waits for replicas (%s, %s, %s): %s', (topology, durability, onReplicaLoss, last) => {
    const { ownership, links, clock } = ownershipOf(2, { durability, onReplicaLoss }, topology);
    void ownership.start(60_000);
    links.lease.answer(acquiredReply('7'));
    links.lease.answer(acquiredReply('8'));
    if (last !== 'renew') links.lease.answer(2);
    clock.advance(500);
    expect(asked(links.lease).at(-1)).toBe(last);
  });

  it('is answered, too, by the word that another member owns', async () => {
    const { ownership, links, begun } = ownershipOf();
    const started = ownership.start(60_000);
    links.lease.answer(acquiredReply('7'));
    links.lease.answer(foreign);
    await started;
    expect([begun, ownership.isCaughtUp(master(1))]).toEqual([['0: 7'], true]);
  });

  it('is told as it stands: a partition for each master of which something is held, and the masters of what is not', async () => {
    const { ownership, links, clock } = ownershipOf();
    void ownership.start(60_000);
    const before = ownership.standing();
    expect([before.held, before.unleased, before.isUnleasedBeside(1), before.isUnleasedBeside(7)]).toEqual([
      [],
      2,
      true,
      false,
    ]);
    links.lease.answer(acquiredReply('7'));
    links.lease.answer(acquiredReply('8'));
    const held = ownership.standing();
    expect([held.held, held.unleased, held.isUnleasedBeside(1)]).toEqual([[1], 0, false]);
    clock.stall(1_500);
    expect(ownership.standing()).toMatchObject({ held: [], unleased: 2 });
  });

  it('fails at once when Redis refuses for good, and at its deadline while it refuses for now', async () => {
    const refused = ownershipOf();
    const outcome = expect(refused.ownership.start(60_000)).rejects.toMatchObject({ code: 'refused' });
    const refuse = (link: FakeLink, text: string) => {
      for (const { onReply } of link.outstanding.splice(0)) {
        onReply(Object.assign(new Error(text), { name: 'ReplyError' }), null);
      }
    };
    refuse(refused.links.lease, 'WRONGTYPE Operation against a key');
    await outcome;
    const late = ownershipOf();
    const lateOutcome = expect(late.ownership.start(100)).rejects.toMatchObject({
      code: 'connection',
      message: expect.stringContaining('LOADING'),
    });
    refuse(late.links.lease, 'LOADING Redis is loading');
    late.clock.advance(100);
    await lateOutcome;
  });

  it('ends when it is given up', async () => {
    const { ownership } = ownershipOf();
    const outcome = expect(ownership.start(60_000)).rejects.toMatchObject({ code: 'closed' });
    void ownership.release();
    await outcome;
  });

  it('brings whole scripts, and the WAIT behind them, where the server knows none', () => {
    const { ownership, links, begun } = ownershipOf(1);
    void ownership.start(60_000);
    const noScript = Object.assign(new Error('NOSCRIPT No matching script'), { name: 'ReplyError' });
    for (let i = 0; i < 2; i++) links.lease.outstanding.shift()!.onReply(noScript, null);
    links.lease.answer(1);
    expect(begun).toEqual([]);
    expect(links.lease.outstanding.map(({ args }) => args[0])).toEqual(['EVAL', 'EVAL', 'WAIT']);
    for (const reply of [acquiredReply('7'), acquiredReply('8'), 1]) links.lease.answer(reply);
    expect(begun).toEqual(['0: 7', '1: 8']);
  });
});

/** Both partitions are held since time 0. */
async function held(replicas = 0) {
  const bed = ownershipOf(replicas);
  const started = bed.ownership.start(60_000);
  for (const reply of [acquiredReply('7'), acquiredReply('8'), replicas]) bed.links.lease.answer(reply);
  await started;
  return bed;
}

it('ends when the group was deleted', async () => {
  const { links, clock, begun } = await held();
  clock.advance(500);
  for (const reply of [[0, buffer(''), buffer('7')], [1], [-1], [1]] as Reply[]) links.lease.answer(reply);
  expect(begun).toEqual(['0: 7', '1: 8', 'deleted']);
});

describe('leases that too few replicas confirm', () => {
  const leases = (events: readonly BrokerEvent[]) => events.filter(({ kind }) => kind === 'leases');
  const event = { kind: 'leases', topic: 't', group: 'g', master: '127.0.0.1:1', needed: 2 } as const;

  it('are reported once when nothing may be handled any more, and once when it may again', async () => {
    const { links, clock, events } = await held(2);
    for (let i = 0; i < 2; i++) {
      clock.advance(500);
      for (const reply of [[1], [1], 1]) links.lease.answer(reply);
    }
    expect(leases(events)).toEqual([]);
    for (let i = 0; i < 3; i++) {
      clock.advance(500);
      for (const reply of [[1], [1], 1]) links.lease.answer(reply);
    }
    expect(leases(events)).toEqual([{ ...event, confirmed: 1 }]);
    clock.advance(500);
    for (const reply of [[1], [1], 2]) links.lease.answer(reply);
    expect(leases(events)).toEqual([
      { ...event, confirmed: 1 },
      { ...event, confirmed: 2 },
    ]);
  });

  it('are the reason that is given when the first acquisition is too late', async () => {
    const { ownership, links, clock, events } = ownershipOf(2);
    const outcome = expect(ownership.start(100)).rejects.toMatchObject({
      code: 'connection',
      message: expect.stringContaining('too few replicas'),
    });
    for (const reply of [acquiredReply('7'), acquiredReply('8'), 0]) links.lease.answer(reply);
    clock.advance(100);
    await outcome;
    expect(leases(events)).toEqual([{ ...event, confirmed: 0 }]);
  });

  it("are no news where the connection broke instead, or the row is another one's", async () => {
    const { links, clock, events } = await held(2);
    clock.advance(2_000);
    links.lease.reset('broken');
    expect(leases(events)).toEqual([]);
  });
});

describe('a tenure', () => {
  it('handles nothing once nothing was confirmed for too long, and goes on when it is', async () => {
    const { ownership, links, clock, kinds } = await held(1);
    const mayHandle = () => ownership.tenures.map((tenure) => tenure.mayHandle(clock.nowMs()));
    clock.advance(500);
    for (const reply of [[1], [1], 0]) links.lease.answer(reply);
    clock.advance(899);
    expect(mayHandle()).toEqual([true, true]);
    clock.advance(1);
    expect(mayHandle()).toEqual([false, false]);
    for (const reply of [[1], [1], 1]) links.lease.answer(reply);
    expect(mayHandle()).toEqual([true, true]);
    expect(kinds()).toEqual(['acquired', 'acquired']);
  });

  it('ends when a renewal is refused: lost to another owner, or begun anew at once', async () => {
    const { ownership, links, clock, begun, kinds } = await held();
    clock.advance(500);
    links.lease.answer([0, buffer('other'), buffer('9')]);
    links.lease.answer([0, buffer(''), buffer('0')]);
    expect(kinds().slice(2)).toEqual(['ownership-lost']);
    expect(ownership.tenures).toEqual([]);
    expect(asked(links.lease)).toEqual(['acquire', 'acquire']);
    links.lease.answer(foreign);
    links.lease.answer(acquiredReply('10'));
    expect(begun.slice(2)).toEqual(['1: 10']);
    expect(kinds().slice(3)).toEqual(['reacquired']);
  });

  it('ends when a settlement is refused', async () => {
    const { ownership, links, begun } = await held();
    const [tenure] = ownership.tenures;
    ownership.onFenced(tenure!, { owner: 'me', token: '7' });
    expect(tenure!.isOver).toBe(true);
    expect(asked(links.lease)).toEqual(['acquire', 'renew']);
    links.lease.answer(acquiredReply('11'));
    expect(begun.slice(2)).toEqual([]);
    links.lease.answer([1]);
    expect(begun.slice(2)).toEqual(['0: 11']);
  });

  it('survives a reconnect to the same history, and none to another', async () => {
    const { ownership, links } = await held();
    const before = ownership.tenures;
    links.settle.reset('broken');
    links.settle.greet();
    ownership.onLinkOpen(links.settle);
    expect(ownership.tenures).toBe(before);
    links.settle.reset('broken');
    links.settle.greet({ history: 'h2' });
    ownership.onLinkOpen(links.settle);
    expect([ownership.tenures, before.every(({ isOver }) => isOver)]).toEqual([[], true]);
  });

  it('does not begin on a link that was greeted by another history: the link is opened anew', () => {
    const { ownership, links, begun } = ownershipOf();
    void ownership.start(60_000);
    links.lease.answer(acquiredReply('7', 'h2'));
    links.lease.answer(foreign);
    expect([begun, links.lease.resets]).toEqual([[], ['the history of the server changed']]);
  });

  it('ends when the directory names another master', async () => {
    const { ownership, links, directory } = await held();
    const before = ownership.tenures;
    links.lease = fakeLink('lease of the next master');
    directory.name(master(2, 2));
    ownership.onDirectoryChange();
    expect([ownership.tenures, before.every(({ isOver }) => isOver)]).toEqual([[], true]);
    expect(ownership.isCaughtUp(master(2, 2))).toBe(false);
    links.lease.greet({ history: 'h2' });
    ownership.onLinkOpen(links.lease);
    expect(asked(links.lease)).toEqual(['acquire', 'acquire']);
  });

  it('is given back with its partition', async () => {
    const { ownership, links, clock } = await held();
    const [tenure] = ownership.tenures;
    const released = ownership.release();
    expect(links.lease.outstanding.map(({ args }) => args.slice(-2))).toEqual([
      ['me', '7'],
      ['me', '8'],
    ]);
    links.lease.answer(1);
    links.lease.answer(1);
    await released;
    expect([ownership.tenures, tenure!.mayHandle(0)]).toEqual([[], false]);
    clock.advance(10_000);
    expect(links.lease.outstanding).toEqual([]);
  });
});

describe('a partition that another member owns', () => {
  it('takes over what it saw unchanged for its whole duration, without waiting for the next renewal', async () => {
    const { ownership, links, clock, begun } = ownershipOf();
    const started = ownership.start(60_000);
    links.lease.answer(foreign);
    links.lease.answer(foreign);
    await started;
    for (let i = 0; i < 4; i++) {
      clock.advance(500);
      for (const { onReply } of links.lease.outstanding.splice(0)) onReply(undefined, foreign);
    }
    clock.advance(20);
    const expected = links.lease.outstanding.map(({ args }) => args.slice(-3));
    expect(expected).toEqual([
      ['5', '1', 'acquire'],
      ['5', '1', 'acquire'],
    ]);
    links.lease.answer(acquiredReply('12'));
    links.lease.answer(foreign);
    expect(begun).toEqual(['0: 12']);
  });
});
