import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { NS_PER_MS } from '../../../../harness/clock.js';
import type { Evidence, FaultContext, FaultKind } from '../../../../harness/faults/fault.js';
import { runTimeline, type Timeline } from '../../../../harness/faults/timeline.js';
import type { FaultSpec } from '../../../../harness/scenario/scenario.js';
import { SimulatedClock } from '../../../fixtures/simulated-clock.js';

const START_MS = 5000;
/** steady 0..10 s, failover 10..20 s. */
const plan = {
  phases: ['steady', 'failover'].map((name, i) => {
    return { name, measure: true, startNs: i * 1e10, endNs: (i + 1) * 1e10, first: 0, end: 0 };
  }),
  endNs: 2e10,
};

interface Behaviour {
  readonly injectMs?: number;
  readonly proofMs?: number;
  readonly liftMs?: number;
  readonly tookHold?: boolean;
  readonly inject?: () => void;
  /** Of the first, second, ... attempt to lift. */
  readonly lift?: (attempt: number) => void;
  readonly liftAfterMs?: number;
}

/** A bench on which faults of one kind, `fake`, do what `behaviours` says for their id, and the time is simulated. */
function bench(faults: readonly FaultSpec[], behaviours: Readonly<Record<string, Behaviour>> = {}) {
  const clock = new SimulatedClock(START_MS * NS_PER_MS);
  const log: string[] = [];
  const note = (text: string) => log.push(`${clock.nowNs() / NS_PER_MS - START_MS} ${text}`);
  const never = (signal: AbortSignal) => new Promise<void>((_, reject) => signal.addEventListener('abort', reject));
  const pass = (ms: number | undefined, signal: AbortSignal) =>
    ms === Number.POSITIVE_INFINITY ? never(signal) : ms === undefined ? undefined : clock.sleep(ms);
  const fake: FaultKind = {
    name: 'fake',
    summary: 'Does what it is told.',
    example: '',
    params: z.record(z.string(), z.union([z.string(), z.number()])),
    targets: () => [{ kind: 'process', process: 'x' }],
    liftAfterMs: ({ who }) => behaviours[who as string]?.liftAfterMs,
    inject: async (_, { who }, signal) => {
      const behaviour = behaviours[who as string] ?? {};
      await pass(behaviour.injectMs, signal);
      behaviour.inject?.();
      note(`inject ${who}`);
      let attempts = 0;
      return {
        description: `fake ${who}`,
        affected: ['redis-1'],
        prove: async (signal): Promise<Evidence> => {
          await pass(behaviour.proofMs, signal);
          return { tookHold: behaviour.tookHold ?? true, observed: `saw ${who}` };
        },
        lift: async (signal) => {
          attempts += 1;
          await pass(behaviour.liftMs, signal);
          behaviour.lift?.(attempts);
          note(`lift ${who}`);
        },
      };
    },
  };
  const abort = new AbortController();
  const events: string[] = [];
  const timeline = runTimeline(
    {
      faults,
      plan,
      startNs: clock.nowNs(),
      context: { clock } as unknown as FaultContext,
      clock,
      onEvent: ({ fault, what }) => events.push(`${fault} ${what}`),
      kinds: [fake],
    },
    abort.signal,
  );
  return { clock, log, events, timeline, abort };
}

const fault = (id: string, at: FaultSpec['at'], rest: Partial<FaultSpec> = {}): FaultSpec => {
  return { id, kind: 'fake', at, params: { who: id }, ...rest };
};
const at = (offsetMs: number): FaultSpec['at'] => ({ after: 'start', offsetMs });

/** In ms from the start of the load. */
const times = (timeline: Timeline) =>
  timeline.records().map(({ id, plannedNs, injectedNs, liftedNs }) => {
    const ms = (ns: number | undefined) => (ns === undefined ? undefined : ns / NS_PER_MS - START_MS);
    return [id, ms(plannedNs), ms(injectedNs), ms(liftedNs)];
  });

async function finish({ clock, timeline }: ReturnType<typeof bench>, ms = 600_000): Promise<void> {
  const lifted = timeline.liftAll();
  await clock.advance(ms);
  await lifted;
}

describe('fault timeline', () => {
  test('times count from the start, from phases, and from other faults as they really happened', async () => {
    const it = bench(
      [
        fault('after-b', { after: 'lifted', fault: 'b', offsetMs: 100 }),
        fault('b', { after: 'injected', fault: 'a', offsetMs: 1000 }, { forMs: 500 }),
        fault('a', at(2000)),
        fault('c', { after: 'phase', phase: 'failover', offsetMs: 250 }, { forMs: 1000 }),
      ],
      { a: { injectMs: 30 }, b: { liftMs: 70 } },
    );
    await it.clock.advance(20_000);
    await finish(it);
    expect(times(it.timeline)).toEqual([
      ['a', 2000, 2030, 20_000],
      ['b', 3030, 3030, 3600],
      ['after-b', 3700, 3700, 20_000],
      ['c', 10_250, 10_250, 11_250],
    ]);
  });

  test('repetitions do not drift and are recorded apart', async () => {
    const it = bench([fault('x', at(1000), { forMs: 200, repeat: { everyMs: 1000, times: 3 } })], {
      x: { injectMs: 10 },
    });
    await it.clock.advance(20_000);
    await finish(it);
    expect(times(it.timeline)).toEqual([
      ['x', 1000, 1010, 1210],
      ['x#2', 2000, 2010, 2210],
      ['x#3', 3000, 3010, 3210],
    ]);
  });

  test('a fault with a duration of its own is lifted after it; `for` comes first', async () => {
    const it = bench([fault('a', at(0)), fault('b', at(0), { forMs: 100 })], {
      a: { liftAfterMs: 3000 },
      b: { liftAfterMs: 3000 },
    });
    await it.clock.advance(20_000);
    await finish(it);
    expect(times(it.timeline)).toEqual([
      ['a', 0, 0, 3000],
      ['b', 0, 0, 100],
    ]);
  });

  test('what is still in place at the end is lifted, the last first', async () => {
    const it = bench([fault('a', at(100)), fault('b', at(200)), fault('c', at(300), { forMs: 10 })]);
    await it.clock.advance(20_000);
    await finish(it);
    expect(it.log).toEqual([
      '100 inject a',
      '200 inject b',
      '300 inject c',
      '310 lift c',
      '20000 lift b',
      '20000 lift a',
    ]);
  });

  test('nothing is injected after the end of the load', async () => {
    const it = bench([
      fault('late', at(20_000)),
      fault('x', at(15_000), { forMs: 1, repeat: { everyMs: 5000, times: 2 } }),
    ]);
    await it.clock.advance(30_000);
    await finish(it);
    expect(it.log).toEqual(['15000 inject x', '15001 lift x']);
    const unrun = it.timeline.records().filter(({ injectedNs }) => injectedNs === undefined);
    expect(unrun.map(({ id, tookHold, observed }) => [id, tookHold, observed])).toEqual([
      ['late', false, 'not run: due after the end of the load'],
      ['x#2', false, 'not run: due after the end of the load'],
    ]);
  });

  test('a fault without effect is recorded so', async () => {
    const it = bench([fault('a', at(0)), fault('b', at(0))], { b: { tookHold: false } });
    await it.clock.advance(20_000);
    await finish(it);
    expect(it.timeline.records().map(({ tookHold, observed }) => [tookHold, observed])).toEqual([
      [true, 'saw a'],
      [false, 'saw b'],
    ]);
    expect(it.events).toEqual(['a injected', 'b injected', 'a took-hold', 'b no-effect', 'b lifted', 'a lifted']);
    expect(it.timeline.problems()).toEqual([]);
  });

  test('an injection that fails is recorded, and so are those that wait for it', async () => {
    const it = bench([fault('a', at(100)), fault('b', { after: 'lifted', fault: 'a', offsetMs: 0 })], {
      a: {
        inject: () => {
          throw new Error('no such thing');
        },
      },
    });
    await it.clock.advance(20_000);
    await finish(it);
    expect(it.timeline.records().map(({ id, tookHold, observed }) => [id, tookHold, observed])).toEqual([
      ['a', false, 'not injected: no such thing'],
      ['b', false, 'not run: a was not lifted'],
    ]);
    expect(it.log).toEqual([]);
  });

  test('lifting waits for the proof', async () => {
    const it = bench([fault('a', at(0), { forMs: 100 })], { a: { proofMs: 300 } });
    await it.clock.advance(20_000);
    await finish(it);
    expect(times(it.timeline)).toEqual([['a', 0, 0, 300]]);
    expect(it.timeline.records()[0]?.tookHold).toBe(true);
  });

  test('a proof that hangs is given up, and the fault lifted', async () => {
    const it = bench([fault('a', at(0), { forMs: 100 })], { a: { proofMs: Number.POSITIVE_INFINITY } });
    await it.clock.advance(60_000);
    await finish(it);
    expect(it.timeline.records()[0]).toMatchObject({
      tookHold: false,
      observed: expect.stringMatching(/^not proved: /),
    });
    expect(it.log).toEqual(['0 inject a', '30000 lift a']);
  });

  test('a lifting that fails is tried again at the end; until then and if it fails again it is a problem', async () => {
    const failOnce = (attempt: number) => {
      if (attempt === 1) throw new Error('stuck');
    };
    const failAlways = () => {
      throw new Error('stuck for good');
    };
    const it = bench([fault('a', at(0), { forMs: 100 }), fault('b', at(0), { forMs: 100 }), fault('c', at(0))], {
      a: { lift: failOnce },
      b: { lift: failAlways },
    });
    await it.clock.advance(20_000);
    expect(it.timeline.problems()).toHaveLength(2);
    await finish(it);
    expect(it.timeline.problems()).toEqual([expect.stringContaining('b (fake b) could not be undone: stuck for good')]);
    expect(it.log).toEqual(['0 inject a', '0 inject b', '0 inject c', '20000 lift c', '20000 lift a']);
  });

  test('a lifting that hangs does not keep the others from being lifted', async () => {
    const it = bench([fault('a', at(0)), fault('b', at(0))], { b: { liftMs: Number.POSITIVE_INFINITY } });
    await it.clock.advance(20_000);
    await finish(it);
    expect(it.log).toEqual(['0 inject a', '0 inject b', '110000 lift a']);
    expect(it.timeline.problems()).toEqual([expect.stringContaining('b (fake b) could not be undone')]);
  });

  test('an abort stops injecting; what is in place is lifted by disposal', async () => {
    const it = bench([fault('a', at(1000), { forMs: 5000 }), fault('b', at(2000))]);
    await it.clock.advance(1500);
    it.abort.abort(new Error('interrupted'));
    await it.clock.advance(10_000);
    expect(it.log).toEqual(['1000 inject a']);
    const disposed = it.timeline[Symbol.asyncDispose]();
    await it.clock.advance(0);
    await disposed;
    expect(it.log).toEqual(['1000 inject a', '11500 lift a']);
    expect(it.timeline.records()[1]?.observed).toBe('not run: the run ended first');
  });

  test('an abort during an injection: it is lifted once it is in place', async () => {
    const it = bench([fault('a', at(0))], { a: { injectMs: 3000 } });
    await it.clock.advance(1000);
    it.abort.abort(new Error('interrupted'));
    await finish(it);
    expect(it.log).toEqual(['3000 inject a', '3000 lift a']);
    expect(it.timeline.problems()).toEqual([]);
  });

  test('lifting all twice is safe', async () => {
    const it = bench([fault('a', at(0))]);
    await it.clock.advance(100);
    await finish(it);
    await it.timeline.liftAll();
    expect(it.log).toEqual(['0 inject a', '100 lift a']);
  });

  test('whatever goes wrong: what was put in place is lifted as often as it takes, and everything is recorded', async () => {
    const duration = fc.option(fc.integer({ min: 0, max: 40_000 }), { nil: undefined });
    const oddity = fc.record({
      offsetMs: fc.integer({ min: 0, max: 25_000 }),
      forMs: duration,
      after: fc.constantFrom('start', 'injected', 'lifted'),
      injectMs: duration,
      proofMs: duration,
      liftMs: duration,
      failsToInject: fc.boolean(),
      failsToLift: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(oddity, { minLength: 1, maxLength: 6 }),
        fc.option(fc.integer({ min: 0, max: 30_000 })),
        async (oddities, abortMs) => {
          const specs = oddities.map(({ after, offsetMs, forMs }, i): FaultSpec => {
            const when: FaultSpec['at'] =
              i === 0 || after === 'start'
                ? at(offsetMs)
                : { after: after as 'injected' | 'lifted', fault: `f${i - 1}`, offsetMs };
            return fault(`f${i}`, when, forMs === undefined ? {} : { forMs });
          });
          const behaviours = oddities.map((odd, i) => {
            const behaviour: Behaviour = {
              ...(odd.injectMs === undefined ? {} : { injectMs: odd.injectMs }),
              ...(odd.proofMs === undefined ? {} : { proofMs: odd.proofMs }),
              ...(odd.liftMs === undefined ? {} : { liftMs: odd.liftMs }),
              inject: () => {
                if (odd.failsToInject) throw new Error('no');
              },
              lift: (attempt) => {
                if (odd.failsToLift && attempt === 1) throw new Error('no');
              },
            };
            return [`f${i}`, behaviour] as const;
          });
          const it = bench(specs, Object.fromEntries(behaviours));
          await it.clock.advance(abortMs ?? 20_000);
          if (abortMs !== null) it.abort.abort(new Error('interrupted'));
          await finish(it);
          await finish(it);

          const injected = it.log.flatMap((line) => /inject (.*)/.exec(line)?.[1] ?? []);
          const lifted = it.log.flatMap((line) => /lift (.*)/.exec(line)?.[1] ?? []);
          expect(lifted.toSorted()).toEqual(injected.toSorted());
          expect(it.timeline.problems()).toEqual([]);
          expect(
            it.timeline
              .records()
              .map(({ id }) => id)
              .toSorted(),
          ).toEqual(specs.map(({ id }) => id));
          for (const { id, tookHold, injectedNs, liftedNs } of it.timeline.records()) {
            if (tookHold) expect(injectedNs).toBeDefined();
            if (injectedNs !== undefined) expect(liftedNs, id).toBeGreaterThanOrEqual(injectedNs);
          }
        },
      ),
    );
  });

  test('a fault of no known kind is refused at once', () => {
    expect(() => bench([{ ...fault('a', at(0)), kind: 'earthquake' }])).toThrow('there are fake');
  });
});
