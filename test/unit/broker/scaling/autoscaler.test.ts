import { describe, expect, it } from 'vitest';
import type { BrokerEvent } from '../../../../broker/broker-event.js';
import { loadReport } from '../../../../broker/groups/member-load.js';
import type { Roster } from '../../../../broker/groups/roster.js';
import {
  type AutoscaleOptions,
  resolveAutoscaleOptions,
  type ScalingLook,
} from '../../../../broker/scaling/autoscale-options.js';
import { Autoscaler } from '../../../../broker/scaling/autoscaler.js';
import { ManualClock } from '../../../fixtures/manual-clock.js';

/** So many members, each with one partition to which so much comes; handlers take 100 ms, one at a time. */
function rosterOf(members: number, ratePerSec: number): Roster {
  const ids = Array.from({ length: members }, (_, i) => `m${i}`);
  const seats = ids.map((id) => ({ id, instance: id, beat: '1', sessionMs: 2_000, isAway: false, isDraining: false }));
  const reports = ids.map((id, i) => {
    const partitions = new Map([[i, { ratePerSec, lag: 0 }]]);
    return [id, loadReport({ serviceMs: 100, concurrency: 1, partitions })] as const;
  });
  return {
    generation: '1',
    seats: new Map(seats.map((seat) => [seat.id, seat])),
    assignment: ids,
    reports: new Map(reports),
    setAside: new Map(),
  };
}

/** The same where no handler has returned yet. */
function unknownOf(roster: Roster): Roster {
  const report = loadReport({ serviceMs: undefined, concurrency: 1, partitions: new Map() });
  return { ...roster, reports: new Map([...roster.reports.keys()].map((id) => [id, report])) };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

function bed(options: Partial<AutoscaleOptions> = {}, roster = rosterOf(1, 1)) {
  const clock = new ManualClock();
  const events: BrokerEvent[] = [];
  const asked: [members: number, reason: string][] = [];
  const state = { roster: roster as Roster | Error, refusal: undefined as Error | undefined, closed: 0 };
  const scaler = {
    scaleTo: async (members: number, reason: string) => {
      asked.push([members, reason]);
      if (state.refusal !== undefined) throw state.refusal;
    },
  };
  const resolved = resolveAutoscaleOptions({ scaler, ...options }, 16);
  const autoscaler = new Autoscaler(
    {
      topic: 't',
      group: 'g',
      clock,
      onEvent: (event) => events.push(event),
      read: async () => {
        if (state.roster instanceof Error) throw state.roster;
        return state.roster;
      },
      onClosed: () => state.closed++,
    },
    resolved,
  );
  return {
    state,
    events,
    asked,
    autoscaler,
    async rounds(count: number) {
      for (let i = 0; i < count; i++) {
        await turn();
        clock.advance(1_000);
      }
      await turn();
    },
  };
}

describe('an autoscaler', () => {
  it('begins with as many members as there are, within the limits', async () => {
    const { asked, events, autoscaler, rounds } = bed({ min: 2 }, rosterOf(0, 0));
    await rounds(3);
    expect(asked).toEqual([[2, 'the group has 0, and is to have 2 to 16']]);
    expect(events).toEqual([expect.objectContaining({ kind: 'scaling', topic: 't', group: 'g', from: 0, to: 2 })]);
    expect(autoscaler.members).toBe(2);
    await autoscaler.close();
  });

  it('follows load: out at once, and in when it has been lower for long enough', async () => {
    const { state, asked, events, autoscaler, rounds } = bed();
    await rounds(2);
    state.roster = rosterOf(1, 21);
    await rounds(1);
    const reason = '21.0 messages/s at 100.0 ms each, and 0 that wait, need 3.00 members';
    expect(events.at(-1)).toEqual({ kind: 'scaling', topic: 't', group: 'g', from: 1, to: 3, reason });
    state.roster = rosterOf(3, 1);
    await rounds(50);
    expect(asked).toHaveLength(2);
    await rounds(20);
    expect(asked.at(-1)![0]).toBe(1);
    await autoscaler.close();
  });

  it('tells what it saw each time that it looked, and nothing before anything was handled', async () => {
    const looks: ScalingLook[] = [];
    const onLook = (look: ScalingLook) => looks.push(look);
    const { state, autoscaler, rounds } = bed({ onLook }, unknownOf(rosterOf(1, 21)));
    await rounds(3);
    expect(looks).toEqual([]);
    state.roster = rosterOf(1, 21);
    await rounds(2);
    const look = { ratePerSec: 21, backlog: 0, serviceMs: 100, isWhole: true };
    expect(looks).toEqual([
      { ...look, members: 1, needed: expect.closeTo(3) },
      { ...look, members: 3, needed: expect.closeTo(3) },
    ]);
    await autoscaler.close();
  });

  it('tells of what onLook throws, and goes on', async () => {
    let looks = 0;
    const onLook = () => {
      looks++;
      throw new Error('no display');
    };
    const { events, autoscaler, rounds } = bed({ onLook }, rosterOf(1, 21));
    await rounds(3);
    const told = events.filter(({ kind }) => kind === 'scaling-look-failed');
    expect(told[0]).toMatchObject({ topic: 't', group: 'g', reason: expect.stringContaining('no display') });
    expect(looks).toBeGreaterThan(1);
    expect([told.length, autoscaler.members]).toEqual([looks, 3]);
    await autoscaler.close();
  });

  it('has one more for each member that drains', async () => {
    const one = rosterOf(1, 9);
    const draining = { ...one.seats.get('m0')!, id: 'sick', isDraining: true };
    const { asked, autoscaler, rounds } = bed({}, { ...one, seats: new Map(one.seats).set('sick', draining) });
    await rounds(1);
    expect(asked[0]![0]).toBe(2);
    await rounds(80);
    expect(autoscaler.members).toBe(3);
    await autoscaler.close();
  });

  it('asks again where the scaler could not, and says so', async () => {
    const { state, asked, events, autoscaler, rounds } = bed();
    await rounds(1);
    state.roster = rosterOf(1, 21);
    state.refusal = new Error('no room');
    await rounds(2);
    expect(events.at(-1)).toMatchObject({ kind: 'scaling-failed', to: 3, reason: expect.stringContaining('no room') });
    expect(autoscaler.members).toBe(1);
    state.refusal = undefined;
    await rounds(1);
    expect(asked.length).toBeGreaterThan(3);
    expect(autoscaler.members).toBe(3);
    await autoscaler.close();
  });

  it('changes nothing while it cannot read the roster, or nobody reports', async () => {
    const { state, asked, autoscaler, rounds } = bed({}, rosterOf(4, 1));
    await rounds(2);
    state.roster = new Error('down');
    await rounds(100);
    state.roster = { ...rosterOf(4, 1), reports: new Map() };
    await rounds(100);
    expect(asked).toHaveLength(1);
    await autoscaler.close();
  });

  it('decides nothing any more when it is closed, twice is safe', async () => {
    const { state, asked, autoscaler, rounds } = bed();
    await rounds(1);
    await autoscaler.close();
    await autoscaler[Symbol.asyncDispose]();
    state.roster = rosterOf(1, 100);
    await rounds(3);
    expect(asked).toHaveLength(1);
    expect(state.closed).toBeGreaterThan(0);
  });
});
