import { describe, expect, it } from 'vitest';
import { Settler } from '../../../../broker/groups/settler.js';
import { ManualClock } from '../../../fixtures/manual-clock.js';
import { heldTenure, logDelivery } from '../../../fixtures/tenure-bed.js';

/** Of one tenure with something to record, and others without. */
function settlerOf(others = 0) {
  const told: string[] = [];
  const clock = new ManualClock();
  const { tenure, link } = heldTenure();
  const idle = Array.from({ length: others }, () => heldTenure().tenure);
  const settler = new Settler({
    owner: 'me',
    clock,
    random: () => 0,
    delayMs: 10,
    tenuresByLink: () => [{ link, tenures: [tenure, ...idle] }],
    onEvent: ({ kind }) => told.push(kind),
    onFenced: (_, { owner, token }) => told.push(`fenced: ${owner} ${token}`),
    onAnswered: () => told.push('answered'),
    refresh: () => told.push('refresh'),
  });
  tenure.position.settle(logDelivery(tenure, 1).entry!, 0);
  return { settler, told, tenure, link, clock };
}

function refusal(message: string): Error {
  return Object.assign(new Error(message), { name: 'ReplyError' });
}

describe('a settler', () => {
  it('gathers for a while, and tells when it is recorded', () => {
    const { settler, told, tenure, link, clock } = settlerOf();
    settler.schedule();
    clock.advance(9);
    expect(link.outstanding).toEqual([]);
    clock.advance(1);
    link.answer([1, 0]);
    expect([told, tenure.hasUnsettledWork]).toEqual([['answered'], false]);
  });

  it('gathers longer for more partitions: the calls a second stay the same', () => {
    const { settler, link, clock } = settlerOf(31);
    settler.schedule();
    clock.advance(39);
    expect(link.outstanding).toEqual([]);
    clock.advance(1);
    expect(link.outstanding).toHaveLength(1);
  });

  it('tells of dead letters when they are recorded, and of none that another owner would have to record', () => {
    for (const [reply, expected] of [
      [
        [1, 0],
        ['dead-lettered', 'answered'],
      ],
      [
        [0, Buffer.from('other'), Buffer.from('9')],
        ['fenced: other 9', 'answered'],
      ],
    ] as const) {
      const { settler, told, tenure, link } = settlerOf();
      const event = { kind: 'dead-lettered', topic: 't', group: 'g', id: 'm' } as const;
      tenure.transitions.push({ kind: 'dead', entry: '1-0', index: 0, fromAttempt: 0, row: '', message: '', event });
      settler.flush();
      link.outstanding.shift()!.onReply(refusal('MOVED 1 127.0.0.1:2'), null);
      expect(told).toEqual(['refresh']);
      settler.flush();
      link.answer(reply as never);
      expect(told.slice(1)).toEqual(expected);
    }
  });

  it('tells that the tenure is over, and then that there is nothing to wait for', () => {
    const { settler, told, tenure, link } = settlerOf();
    settler.flush();
    link.answer([0, Buffer.from('other'), Buffer.from('9')]);
    expect([told, tenure.hasUnsettledWork]).toEqual([['fenced: other 9', 'answered'], true]);
  });

  it('tells whoever waits when the tenure has ended meanwhile', () => {
    for (const failure of [undefined, refusal('ERR no')]) {
      const { settler, told, tenure, link } = settlerOf();
      settler.flush();
      tenure.end();
      link.outstanding.shift()!.onReply(failure, [1, 0]);
      expect(told).toEqual(['answered']);
    }
  });

  it('sends what was refused again, unchanged', () => {
    const { settler, told, link, clock, tenure } = settlerOf();
    settler.flush();
    const first = link.outstanding[0]!.args;
    tenure.position.settle(logDelivery(tenure, 2).entry!, 0);
    link.outstanding.shift()!.onReply(refusal('MOVED 1 127.0.0.1:2'), null);
    expect(told).toEqual(['refresh']);
    clock.advance(50);
    expect(link.outstanding.map(({ args }) => args)).toEqual([first]);
  });

  it('sends what has an unknown outcome again when the link is open, but nothing of a tenure that is over', () => {
    const { settler, link, tenure, clock } = settlerOf();
    settler.flush();
    const first = link.outstanding[0]!.args;
    link.reset('broken');
    clock.advance(1_000);
    link.greet();
    settler.flush();
    expect(link.outstanding.map(({ args }) => args)).toEqual([first]);
    link.reset('broken');
    tenure.end();
    link.greet({ history: 'h2' });
    settler.flush();
    expect(link.outstanding).toEqual([]);
  });
});
