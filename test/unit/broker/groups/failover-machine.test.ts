import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FailoverEvent } from '../../../../broker/broker-event.js';
import {
  type FailoverInput,
  FailoverMachine,
  PHASE_BOUND_MS,
  REPLICAS_PATIENCE_MS,
} from '../../../../broker/groups/failover-machine.js';
import { master } from '../../../fixtures/fake-directory.js';

/** Feeds a machine and keeps what it reports. */
class Course {
  readonly machine = new FailoverMachine(master(1));
  readonly events: FailoverEvent[] = [];
  readonly resets: string[] = [];
  nowMs = 0;
  replicas = 0;
  needed = 0;

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
    return this.on({ kind: 'answered', history, askedMs, replicas: this.replicas });
  }

  progress(isReplayed: boolean, isReacquired: boolean): this {
    return this.on({ kind: 'progress', isReplayed, isReacquired, needed: this.needed });
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

describe('replicas of the new master', () => {
  it('are waited for before it is said that all is replayed', () => {
    const course = running().on(DOUBT, named(2, 2));
    course.needed = 2;
    course.replicas = 1;
    course.answered('h2').progress(true, true);
    expect(course.machine.phase).toBe('verified');
    expect(course.events.at(-1)!.reason).toMatch(/hears from 1 replicas$/);
    course.replicas = 2;
    course.after(300).answered('h2').progress(true, true);
    expect(course.steps.slice(-3)).toEqual(['replayed 300', 'reacquired 300', 'resumed 300']);
    expect(course.events.map(({ reason }) => reason).join()).not.toMatch(/publishing waits/);
  });

  it('that do not come are told of, and hold the steps up for a while only', () => {
    const course = running().on(DOUBT, named(2, 2));
    course.needed = 2;
    course
      .answered('h2')
      .after(REPLICAS_PATIENCE_MS - 1)
      .progress(true, true);
    expect(course.machine.phase).toBe('verified');
    course.after(1).progress(true, false);
    expect(course.events.at(-1)).toMatchObject({
      step: 'replayed',
      reason: expect.stringMatching(/hears from 0 of 2 replicas that publishing waits for$/),
    });
  });
});

describe('the diagram of the guide', () => {
  /** What one input can lead to, from wherever any inputs lead. */
  function transitions(): Set<string> {
    const answers: FailoverInput[] = ['h1', 'h2'].map((history) => ({
      kind: 'answered',
      history,
      askedMs: Number.POSITIVE_INFINITY,
      replicas: 0,
    }));
    const progress: FailoverInput[] = [true, false].flatMap((isReplayed) =>
      [true, false].map((isReacquired) => ({ kind: 'progress', isReplayed, isReacquired, needed: 0 }) as const),
    );
    const inputs = [DOUBT, named(1, 1), named(2, 2), ...answers, ...progress];
    const found = new Set<string>(['[*] --> normal']);
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...inputs), { minLength: 1, maxLength: 30 }), (some) => {
        const course = new Course();
        for (const one of some) {
          const { phase } = course.machine;
          const before = course.events.length;
          course.on(one);
          const isStep = course.machine.phase !== phase || course.events.length > before;
          if (isStep) found.add(`${phase} --> ${course.machine.phase}`);
        }
      }),
      { numRuns: 2_000, seed: 1 },
    );
    return found;
  }

  it('shows every transition of the machine, and no other', async () => {
    const guide = await readFile(new URL('../../../../docs/guide/failover.md', import.meta.url), 'utf8');
    const drawn = [...guide.matchAll(/^ {2}(\S+ --> \w+)/gm)].map(([, transition]) => transition);
    expect([...new Set(drawn)].sort()).toEqual([...transitions()].sort());
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
    fc
      .constantFrom('h1', 'h2', 'h3')
      .map((history): FailoverInput => ({ kind: 'answered', history, askedMs: 0, replicas: 1 })),
    fc
      .tuple(fc.boolean(), fc.boolean())
      .map(([isReplayed, isReacquired]): FailoverInput => ({ kind: 'progress', isReplayed, isReacquired, needed: 1 })),
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(input, fc.nat(20_000)), { maxLength: 60 }), (inputs) => {
      const course = new Course();
      for (const [one, ms] of inputs) course.after(ms).on(one);
      course.replicas = 1;
      course.after(1).answered('last').progress(true, true);
      expect(course.machine.phase).toBe('normal');
      for (const { stepMs, totalMs } of course.events) expect(totalMs).toBeGreaterThanOrEqual(stepMs);
    }),
  );
});
