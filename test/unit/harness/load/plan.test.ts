import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { handlerFails, keyName, type LoadPlan, NO_KEY, planLoad } from '../../../../harness/load/plan.js';
import type { Arrivals } from '../../../../harness/scenario/scenario.js';
import { constant, loadScenario, phase } from '../../../fixtures/load-scenario.js';

const seeds = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const rates = fc.integer({ min: 1, max: 20_000 });
const durations = fc.integer({ min: 10, max: 3000 });
const anyArrivals: fc.Arbitrary<Arrivals> = fc.oneof(
  fc.record({ kind: fc.constant('constant' as const), ratePerSec: rates }),
  fc.record({ kind: fc.constant('ramp' as const), fromPerSec: fc.integer({ min: 0, max: 9000 }), toPerSec: rates }),
  fc.record({ kind: fc.constant('ramp' as const), fromPerSec: rates, toPerSec: fc.integer({ min: 0, max: 9000 }) }),
  fc.record({ kind: fc.constant('poisson' as const), ratePerSec: rates }),
  fc.record({
    kind: fc.constant('burst' as const),
    ratePerSec: rates,
    burstSize: fc.integer({ min: 1, max: 500 }),
    everyMs: fc.integer({ min: 5, max: 500 }),
  }),
);

function plan(arrivals: Arrivals, durationMs: number, seed = 42): LoadPlan {
  return planLoad(loadScenario({ seed, phases: [phase(arrivals, durationMs)] }));
}

function columns({ intendedNs, phase, key, producer, priority, poison }: LoadPlan) {
  return { intendedNs, phase, key, producer, priority, poison };
}

function bytesOf(made: LoadPlan): Buffer {
  return Buffer.concat(Object.values(columns(made)).map(({ buffer }) => Buffer.from(buffer)));
}

describe('planLoad', () => {
  it('is a pure function of scenario and seed', () => {
    fc.assert(
      fc.property(anyArrivals, durations, seeds, (arrivals, durationMs, seed) => {
        const [one, two] = [plan(arrivals, durationMs, seed), plan(arrivals, durationMs, seed)];
        expect(bytesOf(one).equals(bytesOf(two))).toBe(true);
        expect(one.phases).toEqual(two.phases);
      }),
      { numRuns: 25 },
    );
  });

  it('lists messages by intended time, each within its phase', () => {
    const phases = fc.array(fc.tuple(anyArrivals, durations), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(phases, seeds, (specs, seed) => {
        const made = planLoad(
          loadScenario({ seed, phases: specs.map(([arrivals, ms], i) => phase(arrivals, ms, `phase-${i}`)) }),
        );
        let last = 0;
        made.phases.forEach(({ startNs, endNs, first, end }, index) => {
          for (let ordinal = first; ordinal < end; ordinal++) {
            const ns = made.intendedNs[ordinal]!;
            if (ns < last || ns < startNs || ns >= endNs || made.phase[ordinal] !== index) {
              throw new Error(`message ${ordinal} of phase ${index} is due at ${ns} ns, the one before at ${last} ns`);
            }
            last = ns;
          }
        });
        expect(made.phases.at(-1)?.end).toBe(made.count);
        expect(made.phases.at(-1)?.endNs).toBe(made.endNs);
      }),
      { numRuns: 50 },
    );
  });

  it('spaces a constant rate evenly', () => {
    const { count, intendedNs } = plan(constant(4), 1000);
    expect(count).toBe(4);
    expect([...intendedNs]).toEqual([0, 250e6, 500e6, 750e6]);
  });

  it('realises the rate of any fraction of a constant phase', () => {
    fc.assert(
      fc.property(rates, durations, (ratePerSec, durationMs) => {
        expect(plan(constant(ratePerSec), durationMs).count).toBe(Math.ceil((ratePerSec * durationMs) / 1000 - 1e-6));
      }),
    );
  });

  it('ramps linearly: half of the time brings a quarter of the messages of a ramp from 0', () => {
    const { count, intendedNs } = plan({ kind: 'ramp', fromPerSec: 0, toPerSec: 10_000 }, 2000);
    expect(count).toBe(10_000);
    expect(intendedNs.filter((ns) => ns < 1e9).length).toBeCloseTo(2500, -1);
    const falling = plan({ kind: 'ramp', fromPerSec: 10_000, toPerSec: 0 }, 2000);
    expect(falling.count).toBe(10_000);
    expect(falling.intendedNs.filter((ns) => ns < 1e9).length).toBeCloseTo(7500, -1);
  });

  it('draws Poisson arrivals: mean and variance of the counts per interval agree', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const { count, intendedNs } = plan({ kind: 'poisson', ratePerSec: 10_000 }, 10_000, seed);
        expect(Math.abs(count - 100_000)).toBeLessThan(6 * Math.sqrt(100_000));
        const counts = new Float64Array(1000);
        for (const ns of intendedNs) counts[Math.floor(ns / 1e7)]! += 1;
        const mean = count / 1000;
        const variance = counts.reduce((sum, n) => sum + (n - mean) ** 2, 0) / 999;
        expect(variance / mean).toBeGreaterThan(0.7);
        expect(variance / mean).toBeLessThan(1.35);
      }),
      { numRuns: 20 },
    );
  });

  it('puts bursts on top of the constant rate, the first at the start', () => {
    const { count, intendedNs } = plan({ kind: 'burst', ratePerSec: 10, burstSize: 100, everyMs: 400 }, 1000);
    expect(count).toBe(10 + 3 * 100);
    for (const ns of [0, 400e6, 800e6]) {
      expect(intendedNs.filter((time) => time === ns).length).toBeGreaterThanOrEqual(100);
    }
  });

  it('gives a key to one producer, and keyless messages to each in turn', () => {
    const keyed = planLoad(loadScenario({ producers: 3, message: { keys: { kind: 'uniform', count: 50 } } }));
    const owner = new Map<number, number>();
    for (let i = 0; i < keyed.count; i++) {
      const key = keyed.key[i]!;
      if (!owner.has(key)) owner.set(key, keyed.producer[i]!);
      expect(keyed.producer[i]).toBe(owner.get(key));
    }
    expect(new Set(owner.values())).toEqual(new Set([0, 1, 2]));
    const keyless = planLoad(loadScenario({ producers: 3, message: { keys: { kind: 'none' } } }));
    expect([...keyless.producer.slice(0, 4)]).toEqual([0, 1, 2, 0]);
    expect(keyless.key.every((key) => key === NO_KEY)).toBe(true);
    expect(keyName(NO_KEY)).toBeUndefined();
  });

  it('draws keys uniformly, or by rank with Zipf', () => {
    const share = (made: LoadPlan, index: number) => made.key.filter((key) => key === index).length / made.count;
    const phases = [phase(constant(100_000), 1000)];
    const uniform = planLoad(loadScenario({ phases, message: { keys: { kind: 'uniform', count: 10 } } }));
    for (let index = 0; index < 10; index++) expect(share(uniform, index)).toBeCloseTo(0.1, 2);
    const zipf = planLoad(loadScenario({ phases, message: { keys: { kind: 'zipf', count: 100, exponent: 1.2 } } }));
    const total = Array.from({ length: 100 }, (_, i) => (i + 1) ** -1.2).reduce((sum, weight) => sum + weight, 0);
    for (const rank of [1, 2, 5, 20, 100]) expect(share(zipf, rank - 1)).toBeCloseTo(rank ** -1.2 / total, 2);
    expect(Math.max(...zipf.key)).toBeLessThan(100);
  });

  it('draws priorities and poison by their shares', () => {
    const made = planLoad(
      loadScenario({
        phases: [phase(constant(100_000), 1000)],
        message: { priorities: [0.2, 0.3, 0.5], poison: { undecodable: 0.01, failing: 0.04 } },
      }),
    );
    const share = (column: Uint8Array, value: number) => column.filter((item) => item === value).length / made.count;
    for (const [value, expected] of [0.2, 0.3, 0.5].entries())
      expect(share(made.priority, value)).toBeCloseTo(expected, 2);
    for (const [value, expected] of [0.95, 0.01, 0.04].entries())
      expect(share(made.poison, value)).toBeCloseTo(expected, 2);
  });

  it('draws each property from a stream of its own: changing one leaves the others as they were', () => {
    const base = columns(planLoad(loadScenario()));
    const changes = {
      key: { keys: { kind: 'zipf', count: 100, exponent: 1 } },
      priority: { priorities: [0.5, 0.5] },
      poison: { poison: { failing: 0.1 } },
    } as const;
    for (const [column, message] of Object.entries(changes)) {
      const changed = columns(planLoad(loadScenario({ message })));
      expect(changed).toEqual({ ...base, [column]: changed[column as keyof typeof changes] });
      expect(changed[column as keyof typeof changes]).not.toEqual(base[column as keyof typeof changes]);
    }
  });

  it('keeps the arrivals of a later phase when an earlier one changes', () => {
    const later = phase({ kind: 'poisson', ratePerSec: 1000 }, 1000, 'later');
    const [short, long] = [100, 900].map((rate) =>
      planLoad(loadScenario({ phases: [phase({ kind: 'poisson', ratePerSec: rate }, 1000), later] })),
    );
    expect(long!.intendedNs.slice(long!.phases[1]!.first)).toEqual(short!.intendedNs.slice(short!.phases[1]!.first));
  });

  it('differs between seeds', () => {
    const arrivals: Arrivals = { kind: 'poisson', ratePerSec: 1000 };
    expect(plan(arrivals, 1000, 1).intendedNs).not.toEqual(plan(arrivals, 1000, 2).intendedNs);
  });

  it('takes under 20 bytes a message', () => {
    const made = plan(constant(10_000), 1000);
    const bytes = Object.values(columns(made)).reduce((sum, column) => sum + column.byteLength, 0);
    expect(bytes / made.count).toBeLessThan(20);
  });
});

describe('handlerFails', () => {
  it('fails the share, the same way whenever it is asked, and each attempt anew', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const draws = Array.from({ length: 20_000 }, (_, ordinal) => handlerFails(seed, ordinal, 1, 0.1));
        expect(draws.filter(Boolean).length / draws.length).toBeCloseTo(0.1, 1);
        expect(draws[7]).toBe(handlerFails(seed, 7, 1, 0.1));
        const second = draws.map((_, ordinal) => handlerFails(seed, ordinal, 2, 0.1));
        const both = draws.filter((fails, ordinal) => fails && second[ordinal]).length;
        expect(both / draws.length).toBeLessThan(0.02);
      }),
      { numRuns: 10 },
    );
    expect(handlerFails(1, 1, 1, 0)).toBe(false);
    expect(handlerFails(1, 1, 1, 1)).toBe(true);
  });
});
