import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FailoverEvent } from '../../../../broker/broker-event.js';
import { type FailoverInput, FailoverMachine, PHASE_BOUND_MS } from '../../../../broker/groups/failover-machine.js';
import { master } from '../../../fixtures/fake-directory.js';

/** Feeds a machine and keeps what it reports. */
class Course {
  readonly machine = new FailoverMachine(master(1));
  readonly events: FailoverEvent[] = [];
  readonly resets: string[] = [];
  nowMs = 0;

  on(...inputs: FailoverInput[]): this {
    for (const input of inputs) {
      const { events, reset } = this.machine.on(input, this.nowMs);
      this.events.push(...events);
      if (reset !== undefined) this.resets.push(reset);
    }
    return this;
  }

  after(ms: number): this {
    this.nowMs += ms;
    return this;
  }

  answered(history: string, askedMs = this.nowMs): this {
    return this.on({ kind: 'answered', history, askedMs });
  }

  progress(isReplayed: boolean, isReacquired: boolean): this {
    return this.on({ kind: 'progress', isReplayed, isReacquired });
  }

  get steps(): string[] {
    return this.events.map(({ step, totalMs }) => `${step} ${totalMs}`);
  }
}

const DOUBT: FailoverInput = { kind: 'doubt', reason: 'test' };
const TICK: FailoverInput = { kind: 'tick' };
const named = (port: number, epoch: number): FailoverInput => ({ kind: 'named', master: master(port, epoch) });
/** A course in normal operation on history `h1`. */
const running = () => new Course().answered('h1').after(100);

describe('the course of a failover', () => {
  it('reports every step with the time since the one before and since the first', () => {
    const course = running().on(DOUBT).after(10).on(named(2, 2)).after(20).answered('h2').after(30);
    course.progress(false, false).progress(true, false).after(40).progress(true, true);
    expect(course.events.map(({ step, stepMs, totalMs }) => [step, stepMs, totalMs])).toEqual([
      ['noticed', 0, 0],
      ['located', 10, 10],
      ['verified', 20, 30],
      ['replayed', 30, 60],
      ['reacquired', 40, 100],
      ['resumed', 0, 100],
    ]);
    expect(course.events.map((event) => `${event.master} ${event.epoch}`)).toEqual([
      '127.0.0.1:1 1',
      ...Array(5).fill('127.0.0.1:2 2'),
    ]);
    expect(course.machine.phase).toBe('normal');
    expect(course.resets).toEqual([]);
  });

  it('is noticed by the naming itself where nothing broke before', () => {
    const course = running().on(named(2, 2)).answered('h2').progress(true, true);
    expect(course.steps).toEqual(['noticed 0', 'located 0', 'verified 0', 'replayed 0', 'reacquired 0', 'resumed 0']);
  });

  it('is withdrawn when the same master answers again on the same history, and all go on', () => {
    const course = running()
      .on(DOUBT, DOUBT)
      .after(5)
      .answered('h1')
      .after(5)
      .progress(true, false)
      .progress(true, true);
    expect(course.steps).toEqual(['noticed 0', 'resumed 10']);
  });

  it('is not withdrawn by an answer to what was asked before the notice', () => {
    const course = running().on(DOUBT).after(5).answered('h1', 99).progress(true, true);
    expect(course.steps).toEqual(['noticed 0']);
    expect(course.machine.phase).toBe('noticed');
  });

  it('takes a restart of the same master for a new history that all have to catch up with', () => {
    const course = running().on(DOUBT).after(5).answered('h2').progress(true, true);
    expect(course.steps).toEqual(['noticed 0', 'located 5', 'verified 5', 'replayed 5', 'reacquired 5', 'resumed 5']);
  });

  it('notices another history of the same master without any doubt before', () => {
    expect(running().answered('h2').steps).toEqual(['noticed 0', 'located 0', 'verified 0']);
  });

  it('goes on to the next master when a second failover comes during the first', () => {
    for (const before of [0, 1, 2, 3]) {
      const course = running().on(DOUBT).on(named(2, 2));
      if (before > 0) course.answered('h2');
      if (before > 1) course.progress(true, false);
      if (before > 2) course.on(DOUBT);
      course.after(7).on(named(3, 3)).answered('h3').progress(true, true);
      expect(course.events.at(-1)).toMatchObject({ step: 'resumed', master: '127.0.0.1:3', totalMs: 7 });
    }
  });

  it('begins anew when the new master is doubted before all have caught up', () => {
    const course = running().on(DOUBT, named(2, 2)).answered('h2').on(DOUBT);
    expect(course.machine.phase).toBe('noticed');
    course.after(3).answered('h2').progress(true, true);
    expect(course.events.at(-1)).toMatchObject({ step: 'resumed', master: '127.0.0.1:2', totalMs: 3 });
  });

  it('takes a higher epoch of the same master for no failover', () => {
    const course = running().on(named(1, 9)).answered('h1');
    expect(course.steps).toEqual([]);
    expect(course.machine.master.epoch).toBe(9);
  });
});

describe('a step that takes too long', () => {
  const reach: Record<keyof typeof PHASE_BOUND_MS, () => Course> = {
    noticed: () => running().on(DOUBT),
    returned: () => running().on(DOUBT).answered('h1'),
    located: () => running().on(named(2, 2)),
    verified: () => running().on(named(2, 2)).answered('h2'),
    replayed: () => running().on(named(2, 2)).answered('h2').progress(true, false),
  };

  it.each(Object.entries(reach))('is reported from `%s`, and connections are opened anew', (phase, open) => {
    const course = open();
    expect(course.machine.phase).toBe(phase);
    const boundMs = PHASE_BOUND_MS[course.machine.phase as keyof typeof PHASE_BOUND_MS];
    course.after(boundMs - 1).on(TICK);
    expect(course.resets).toEqual([]);
    course.after(1).on(TICK);
    expect(course.resets).toHaveLength(1);
    expect(course.events.at(-1)).toMatchObject({ step: 'stalled', reason: expect.stringContaining(`${boundMs} ms`) });
    // It goes on where it was, and is patient twice as long.
    expect(course.machine.phase).toBe(phase);
    course.after(boundMs).on(TICK);
    expect(course.resets).toHaveLength(1);
    course.after(boundMs).on(TICK);
    expect(course.resets).toHaveLength(2);
  });

  it('is none in normal operation', () => {
    expect(running().after(3_600_000).on(TICK).steps).toEqual([]);
  });
});

it('whatever comes, it reaches normal operation once the named master answers and all have caught up', () => {
  const input = fc.oneof(
    fc.constant(DOUBT),
    fc.constant(TICK),
    fc.tuple(fc.integer({ min: 1, max: 3 }), fc.nat(9)).map(([port, epoch]) => named(port, epoch)),
    fc.constantFrom('h1', 'h2', 'h3').map((history): FailoverInput => ({ kind: 'answered', history, askedMs: 0 })),
    fc
      .tuple(fc.boolean(), fc.boolean())
      .map(([isReplayed, isReacquired]): FailoverInput => ({ kind: 'progress', isReplayed, isReacquired })),
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(input, fc.nat(20_000)), { maxLength: 60 }), (inputs) => {
      const course = new Course();
      for (const [one, ms] of inputs) course.after(ms).on(one);
      course.after(1).answered('last').progress(true, true);
      expect(course.machine.phase).toBe('normal');
      for (const { stepMs, totalMs } of course.events) expect(totalMs).toBeGreaterThanOrEqual(stepMs);
    }),
  );
});
