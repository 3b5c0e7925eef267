import { describe, expect, it } from 'vitest';
import type { BrokerEvent } from '../../../../broker/broker-event.js';
import { ConsumerHealthMonitor } from '../../../../broker/groups/consumer-health-monitor.js';
import type { Delivery } from '../../../../broker/groups/delivery.js';
import { type HealthOptions, resolveHealthOptions } from '../../../../broker/groups/health/health-options.js';
import type { LeaseStanding } from '../../../../broker/groups/health/lease-check.js';
import type { MemberVitals } from '../../../../broker/groups/health/member-vitals.js';
import type { Seat, SeatChange } from '../../../../broker/groups/roster.js';
import { rosterOf, seat, vitals } from '../../../fixtures/health-bed.js';
import { ManualClock } from '../../../fixtures/manual-clock.js';
import { heldTenure, logDelivery } from '../../../fixtures/tenure-bed.js';

/** Partitions of even numbers are on one master, the others on another one. */
function standing(held: readonly number[], unleased: readonly number[]): LeaseStanding {
  const isUnleasedBeside = (partition: number) => unleased.some((other) => other % 2 === partition % 2);
  return { held, unleased: unleased.length, isUnleasedBeside };
}

const WELL = vitals({ held: [0, 1] });

/** Member `a` of a group of five, which sees a reply every 500 ms and does what its monitor says. */
class Bed {
  readonly clock = new ManualClock();
  readonly events: BrokerEvent[] = [];
  readonly running: Delivery[] = [];
  leases = standing([0], []);
  readonly monitor: ConsumerHealthMonitor;
  readonly peers: Record<string, MemberVitals> = { b: WELL, c: WELL, d: WELL, e: WELL };
  #seats = new Map(['a', 'b', 'c', 'd', 'e'].map((id): [string, Seat] => [id, seat(id)]));
  #beat = 1;

  constructor(options: HealthOptions) {
    this.monitor = new ConsumerHealthMonitor({
      topic: 't',
      group: 'g',
      member: 'a',
      beatMs: 500,
      clock: this.clock,
      onEvent: (event) => this.events.push(event),
      options: resolveHealthOptions(options),
      running: () => this.running,
      leases: () => this.leases,
    });
    this.monitor.start();
  }

  /** Handlers of `a` that take so long until the next reply, and the reply. */
  reply(handlerMs = 20, failed = false): void {
    this.clock.advance(500);
    for (let i = 0; i < 20; i++) this.monitor.meter.count(handlerMs, failed);
    this.show();
  }

  replies(count: number, handlerMs?: number, failed?: boolean): void {
    for (let i = 0; i < count; i++) this.reply(handlerMs, failed);
  }

  /** A reply while nothing is handled. */
  show(): void {
    this.#beat++;
    for (const [id, one] of this.#seats) this.#seats.set(id, { ...one, beat: String(this.#beat) });
    const own = JSON.parse(JSON.stringify(this.monitor.report())) as MemberVitals;
    const change = this.monitor.observe(rosterOf([...this.#seats.values()], { ...this.peers, a: own }), 'h1');
    for (const one of change?.seats ?? []) this.#make(one);
  }

  idle(replies: number): void {
    for (let i = 0; i < replies; i++) {
      this.clock.advance(500);
      this.show();
    }
  }

  get draining(): string[] {
    return [...this.#seats.values()].filter(({ isDraining }) => isDraining).map(({ id }) => id);
  }

  get told(): string[] {
    return this.events.map((event) => {
      if (event.kind === 'member-health') return `${event.member} ${event.state}${event.isDraining ? ' drains' : ''}`;
      return event.kind;
    });
  }

  #make(change: SeatChange): void {
    if (change.kind === 'seat') this.#seats.set(change.seat.id, { ...change.seat, beat: change.replaces ?? '' });
  }
}

function hanging(clock: ManualClock): Delivery {
  const delivery = logDelivery(heldTenure(undefined, undefined, 2).tenure, 1, 'm1', 'k1');
  delivery.startedAtMs = clock.nowMs();
  return delivery;
}

describe('a monitor', () => {
  it('is silent about a group that is well', () => {
    const bed = new Bed({ healthPolicy: { slow: 'drain', stuck: 'drain', stalled: 'drain', failing: 'drain' } });
    bed.replies(100);
    expect([bed.events, bed.draining]).toEqual([[], []]);
    expect(bed.monitor.health().members.map(({ state }) => state)).toEqual(Array(5).fill('healthy'));
    expect(bed.monitor.health().members[0]?.vitals).toMatchObject({ serviceMs: 20, handledPerSec: 40 });
  });

  it('warns, and does nothing else by default', () => {
    const bed = new Bed({});
    bed.replies(10, 400);
    expect([bed.told, bed.draining]).toEqual([['a slow'], []]);
  });

  it('drains its member while that is slow, and tries it again after a pause that grows', () => {
    const bed = new Bed({ healthPolicy: { slow: 'drain' }, drainMs: 2_000 });
    bed.replies(5, 400);
    expect(bed.draining).toEqual(['a']);
    bed.idle(4);
    expect(bed.draining).toEqual(['a']);
    bed.idle(2);
    expect([bed.draining, bed.told]).toEqual([[], ['a slow', 'a slow drains', 'a healthy']]);
    bed.replies(6, 400);
    expect(bed.draining).toEqual(['a']);
    bed.idle(7);
    expect(bed.draining).toEqual(['a']);
    bed.idle(3);
    bed.replies(30);
    expect([bed.draining, bed.told.at(-1)]).toEqual([[], 'a healthy']);
  });

  it('tells of a handler that hangs, drains its member, and is content when it has returned', () => {
    const bed = new Bed({ healthPolicy: { stuck: 'drain' }, stuckHandlerMs: 10_000, drainMs: 0 });
    bed.running.push(hanging(bed.clock));
    bed.replies(20);
    expect(bed.told).toEqual([]);
    bed.replies(10);
    expect([bed.told, bed.draining]).toEqual([['a stuck', 'a stuck drains'], ['a']]);
    expect(bed.events[0]).toMatchObject({
      findings: [{ kind: 'stuck', handlers: [{ partition: 2, id: 'm1', key: 'k1', ageMs: 10_500 }] }],
    });
    bed.running.pop();
    bed.replies(2);
    expect([bed.draining, bed.told.at(-1)]).toEqual([[], 'a healthy']);
  });

  it('tells of an event loop that stood still', () => {
    const bed = new Bed({});
    bed.replies(3);
    bed.clock.stall(2_600);
    bed.replies(10);
    expect(bed.told).toEqual(['a stalled', 'a healthy']);
    expect(bed.events[0]).toMatchObject({ findings: [{ kind: 'stalled', loopDelayMs: 2_500 }] });
  });

  it('drains itself when it alone cannot hold its leases, and is tried again without what was found before', () => {
    const bed = new Bed({ healthPolicy: { unleased: 'drain' }, drainMs: 2_000 });
    bed.leases = standing([0], [2]);
    bed.reply();
    expect(bed.told).toEqual([]);
    bed.replies(3);
    expect([bed.told, bed.draining]).toEqual([['a unleased'], []]);
    bed.replies(1);
    expect(bed.draining).toEqual(['a']);
    bed.leases = standing([], []);
    bed.idle(5);
    expect(bed.draining).toEqual([]);
    bed.leases = standing([0], []);
    bed.idle(8);
    expect([bed.draining, bed.told.at(-1)]).toEqual([[], 'a healthy']);
  });

  it('does not where nobody holds any, as while a master fails over', () => {
    const bed = new Bed({ healthPolicy: { unleased: 'drain' } });
    const unleased = { kind: 'unleased', partitions: 4, isAlone: false } as const;
    bed.leases = standing([], [0, 2, 4, 6]);
    for (const id of ['b', 'c', 'd', 'e']) bed.peers[id] = vitals({ findings: [unleased] });
    bed.replies(40);
    expect(bed.draining).toEqual([]);
    // The others are over it a beat before.
    for (const id of ['b', 'c', 'd', 'e']) bed.peers[id] = WELL;
    bed.replies(2);
    bed.leases = standing([0], []);
    bed.replies(3);
    expect([bed.draining, bed.told.at(-1)]).toEqual([[], 'a healthy']);
  });

  it('does not, and asks for nobody, where others hold some on other masters only', () => {
    for (const action of ['drain', 'replace'] as const) {
      const bed = new Bed({ healthPolicy: { unleased: action } });
      bed.leases = standing([1], [0, 2]);
      // The master of 0 fails over: who owns nothing there is well.
      bed.peers.b = vitals({ held: [1] });
      bed.peers.c = vitals({ held: [3] });
      bed.peers.d = vitals();
      bed.peers.e = vitals({ findings: [{ kind: 'unleased', partitions: 3, isAlone: false }] });
      bed.replies(40);
      expect([bed.draining, bed.told]).toEqual([[], ['e unleased', 'a unleased']]);
    }
  });

  it('asks for somebody in place of one that alone cannot hold its leases', () => {
    const bed = new Bed({ healthPolicy: { unleased: 'replace' } });
    bed.leases = standing([1], [0, 2]);
    bed.replies(10);
    expect(bed.events.filter(({ kind }) => kind === 'replace-wanted')).toMatchObject([{ member: 'a' }]);
  });

  it('drains a peer that does not do so itself', () => {
    const bed = new Bed({ healthPolicy: { failing: 'drain' } });
    bed.peers.c = vitals({ failureRatio: 1 });
    bed.replies(12);
    expect([bed.told, bed.draining]).toEqual([['c failing'], []]);
    bed.replies(2);
    expect([bed.told, bed.draining]).toEqual([['c failing', 'c failing drains'], ['c']]);
  });

  it('asks once for somebody in place of a sick member, and again where it falls ill again', () => {
    const bed = new Bed({ healthPolicy: { failing: 'replace' }, drainMs: 1_000 });
    bed.replies(4, 20, true);
    const wanted = () => bed.events.filter(({ kind }) => kind === 'replace-wanted');
    expect(wanted()).toMatchObject([{ member: 'a', findings: [{ kind: 'failing', failureRatio: 1 }] }]);
    expect(bed.draining).toEqual(['a']);
    bed.idle(6);
    bed.replies(20);
    expect([bed.draining, wanted().length]).toEqual([[], 1]);
    bed.replies(8, 20, true);
    expect([bed.draining, wanted().length]).toEqual([['a'], 2]);
  });

  it('tells once of a message that fails on several members, and the others with its beats', () => {
    const bed = new Bed({});
    const { tenure } = heldTenure(undefined, undefined, 2);
    const delivery = logDelivery(tenure, 1, 'm1', 'k1');
    const failure = { error: 'Error', message: 'no', frames: [], fingerprint: 'f', atMs: 0, permanent: false };
    delivery.failures = [
      { ...failure, attempt: 1, consumer: 'x' },
      { ...failure, attempt: 2, consumer: 'y' },
    ];
    bed.monitor.onFailed(delivery);
    bed.monitor.onFailed(delivery);
    const loop = { partition: 2, id: 'm1', key: 'k1', attempts: 2, members: 2 };
    expect(bed.events).toEqual([{ kind: 'poison-loop', topic: 't', group: 'g', ...loop }]);
    bed.reply();
    expect(bed.monitor.health().poison).toEqual([loop]);
  });

  it('looks at its event loop no more when it is stopped', () => {
    const bed = new Bed({});
    bed.monitor.stop();
    bed.clock.stall(5_000);
    expect(bed.monitor.report()).toMatchObject({ loopDelayMs: 0 });
  });
});
