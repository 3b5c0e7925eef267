import { describe, expect, it } from 'vitest';
import { GroupWatch } from '../../../../../broker/groups/health/group-watch.js';
import type { MemberHealth } from '../../../../../broker/groups/health/member-health.js';
import type { MemberVitals } from '../../../../../broker/groups/health/member-vitals.js';
import type { Seat } from '../../../../../broker/groups/roster.js';
import { rosterOf, seat, vitals } from '../../../../fixtures/health-bed.js';

const BEAT_MS = 500;

/** A group of which one member sees a reply every 500 ms. */
class Group {
  readonly watch = new GroupWatch({ beatMs: BEAT_MS, phiThreshold: 8, slowFactor: 3 });
  readonly told: Record<string, MemberVitals> = {};
  /** What was told of changes. */
  readonly changes: string[] = [];
  history = 'h1';
  nowMs = 0;
  #seats = new Map<string, Seat>();
  #silent = new Set<string>();
  #beat = 1;

  constructor(...ids: string[]) {
    for (const id of ids) this.set(id);
  }

  set(id: string, different: Partial<Seat> = {}, told: Partial<MemberVitals> = {}): void {
    this.#seats.set(id, seat(id, different));
    this.told[id] = vitals(told);
  }

  remove(id: string): void {
    this.#seats.delete(id);
  }

  silence(...ids: string[]): void {
    this.#silent = new Set(ids);
  }

  replies(count: number, apartMs = BEAT_MS): void {
    for (let i = 0; i < count; i++) {
      this.nowMs += apartMs;
      this.#beat++;
      for (const [id, one] of this.#seats) {
        if (!this.#silent.has(id)) this.#seats.set(id, { ...one, beat: String(this.#beat) });
      }
      const changed = this.watch.observe(rosterOf([...this.#seats.values()], this.told), this.history, this.nowMs);
      this.changes.push(
        ...changed.map(({ member, state, isDraining }) => `${member} ${state}${isDraining ? ' drains' : ''}`),
      );
    }
  }

  of(id: string): MemberHealth | undefined {
    return this.watch.healthOf(id);
  }
}

const five = ['a', 'b', 'c', 'd', 'e'];

describe('a group that is well', () => {
  it('is silent, also where beats are missed now and then', () => {
    const group = new Group(...five);
    for (let round = 0; round < 20; round++) {
      group.silence(five[round % 5]!);
      group.replies(1);
      group.silence();
      group.replies(3);
    }
    expect(group.changes).toEqual([]);
    const { members, poison, ageMs } = group.watch.health(group.nowMs + 70);
    expect(members.map(({ member, state }) => [member, state])).toEqual(five.map((id) => [id, 'healthy']));
    expect([poison, ageMs]).toEqual([[], 70]);
  });
});

describe('a member that is silent', () => {
  it('is suspect before its lease lapses, and no more with its next beat', () => {
    const group = new Group(...five);
    group.replies(20);
    group.silence('b');
    group.replies(4);
    expect(group.changes).toEqual(['b suspect']);
    expect(group.of('b')?.findings).toEqual([{ kind: 'suspect', phi: group.of('b')?.phi, silentMs: 2_000 }]);
    group.silence();
    group.replies(1);
    expect(group.changes).toEqual(['b suspect', 'b healthy']);
  });

  it('is none where this process did not look, or another server answers', () => {
    const group = new Group(...five);
    group.replies(20);
    group.silence(...five);
    group.replies(1, 30_000);
    group.history = 'h2';
    group.replies(1, 900);
    expect(group.changes).toEqual([]);
    group.replies(4);
    expect(group.changes).toHaveLength(5);
  });

  it('is not missed where it has closed, or before it has told anything', () => {
    const group = new Group('a', 'b', 'c');
    group.replies(10);
    group.set('b', { isAway: true });
    group.set('c', { instance: 'another' });
    delete group.told.c;
    group.silence('b', 'c');
    group.replies(10);
    expect(group.changes).toEqual([]);
    expect(group.watch.health(0).members.map(({ member }) => member)).toEqual(['a', 'c']);
  });
});

describe('a member that is slow', () => {
  it('is so after several reports in a row, and no more after as many', () => {
    const group = new Group(...five);
    group.replies(5);
    group.set('c', {}, { serviceMs: 400 });
    group.replies(4);
    expect(group.changes).toEqual([]);
    group.replies(1);
    expect(group.changes).toEqual(['c slow']);
    expect(group.of('c')?.findings).toEqual([{ kind: 'slow', serviceMs: 400, peersMs: 20 }]);
    expect(group.watch.reportsWith('c', 'slow')).toBe(1);
    group.replies(3);
    expect(group.watch.reportsWith('c', 'slow')).toBe(4);
    group.set('c');
    group.replies(5);
    expect(group.changes).toEqual(['c slow', 'c healthy']);
    expect(group.watch.reportsWith('c', 'slow')).toBe(0);
  });

  it('does not flap where it is slow every other report', () => {
    const group = new Group(...five);
    for (let i = 0; i < 40; i++) {
      group.set('c', {}, { serviceMs: i % 2 === 0 ? 400 : 20 });
      group.replies(1);
    }
    expect(group.changes).toEqual([]);
  });

  it('is judged anew when it drains no more', () => {
    const group = new Group(...five);
    group.set('c', {}, { serviceMs: 400 });
    group.replies(6);
    group.set('c', { isDraining: true }, { serviceMs: 400 });
    group.replies(20);
    group.set('c', {}, { serviceMs: 0, handlings: 0 });
    group.replies(10);
    expect(group.changes).toEqual(['c slow', 'c slow drains', 'c healthy']);
  });
});

describe('a member that fails', () => {
  it('is so where its peers do not', () => {
    const group = new Group(...five);
    group.set('d', {}, { failureRatio: 1 });
    group.replies(3);
    expect(group.changes).toEqual(['d failing']);
    for (const id of five) group.set(id, {}, { failureRatio: 1 });
    group.replies(5);
    expect(group.changes).toEqual(['d failing', 'd healthy']);
  });
});

it('what a member finds of itself is believed, the gravest first', () => {
  const group = new Group(...five);
  const stuck = { kind: 'stuck', count: 1, handlers: [{ partition: 0, id: 'm', key: 'k', ageMs: 31_000 }] } as const;
  const stalled = { kind: 'stalled', loopDelayMs: 1_500 } as const;
  group.set('a', {}, { findings: [stuck, stalled] });
  group.replies(1);
  expect(group.of('a')).toMatchObject({ state: 'stalled', findings: [stalled, stuck] });
  group.set('a', {}, { findings: [stuck] });
  group.replies(1);
  group.set('a');
  group.replies(1);
  expect(group.changes).toEqual(['a stalled', 'a stuck', 'a healthy']);
});

it('poison is the group’s, and of each message what was told last', () => {
  const group = new Group('a', 'b');
  const loop = { partition: 0, id: 'm1', key: undefined, attempts: 2, members: 2 };
  group.set('a', {}, { poison: [loop] });
  group.set('b', {}, { poison: [{ ...loop, attempts: 3 }] });
  group.replies(1);
  expect(group.watch.health(0).poison).toEqual([{ ...loop, attempts: 3 }]);
  expect(group.changes).toEqual([]);
});

it('a member that is gone is forgotten, and one with its name starts anew', () => {
  const group = new Group(...five);
  group.set('c', {}, { serviceMs: 400 });
  group.replies(6);
  group.remove('c');
  group.replies(1);
  expect(group.of('c')).toBeUndefined();
  group.set('c', { instance: 'another' });
  group.replies(1);
  expect(group.of('c')?.state).toBe('healthy');
});
