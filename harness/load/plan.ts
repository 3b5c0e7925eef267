import { NS_PER_MS } from '../clock.js';
import { hashDraw, seededRandom } from '../random.js';
import { type KeySpec, type MessageSpec, POISON_KINDS, type Scenario } from '../scenario/scenario.js';
import { arrivalTimes } from './arrivals.js';
import { keySampler, shareSampler } from './draws.js';

/** Key of a keyless message. */
export const NO_KEY = 0xffffffff;

/**
 * The load, fixed in advance: for every ordinal what is sent and when it is due. A pure function of scenario and seed,
 * so that producers, consumers and the checker each compute the same plan without exchanging it.
 * Ordinals ascend with intended time.
 */
export interface LoadPlan {
  readonly count: number;
  /** Nanoseconds from the start of the load. */
  readonly intendedNs: Float64Array;
  /** Index into `phases`. */
  readonly phase: Uint8Array;
  /** Key index or {@link NO_KEY}; the key itself is {@link keyName}. */
  readonly key: Uint32Array;
  /** Producer worker (from 0). A key belongs to one producer. */
  readonly producer: Uint8Array;
  readonly priority: Uint8Array;
  /** 0: healthy; otherwise 1 + index into POISON_KINDS. */
  readonly poison: Uint8Array;
  readonly phases: readonly PlannedPhase[];
  readonly endNs: number;
}

export interface PlannedPhase {
  readonly name: string;
  readonly measure: boolean;
  readonly startNs: number;
  readonly endNs: number;
  /** First ordinal, and the one after the last. */
  readonly first: number;
  readonly end: number;
}

export function keyName(index: number): string | undefined {
  return index === NO_KEY ? undefined : `k${index}`;
}

/**
 * Computes the plan. Every kind of draw has its own stream of the seed, and arrivals one for each phase, so that a
 * change in one part of the scenario leaves the others as they were.
 */
export function planLoad(scenario: Scenario): LoadPlan {
  const { message, phases } = scenario.load;
  const { seed } = scenario;
  const times = phases.map((phase, i) =>
    arrivalTimes(phase.arrivals, phase.durationMs, seededRandom(seed, `arrivals-${i}`)),
  );
  const count = times.reduce((sum, phaseTimes) => sum + phaseTimes.length, 0);
  const intendedNs = new Float64Array(count);
  const phase = new Uint8Array(count);
  const planned: PlannedPhase[] = [];
  let startNs = 0;
  let first = 0;
  phases.forEach(({ name, measure, durationMs }, index) => {
    const phaseTimes = times[index]!;
    for (let i = 0; i < phaseTimes.length; i++) intendedNs[first + i] = startNs + phaseTimes[i]!;
    const end = first + phaseTimes.length;
    phase.fill(index, first, end);
    const endNs = startNs + durationMs * NS_PER_MS;
    planned.push({ name, measure, startNs, endNs, first, end });
    startNs = endNs;
    first = end;
  });
  const key = planKeys(message.keys, count, seed);
  return {
    count,
    intendedNs,
    phase,
    key,
    producer: planProducers(key, scenario.producers.workers),
    priority: planPriorities(message.priorities, count, seed),
    poison: planPoison(message.poison, count, seed),
    phases: planned,
    endNs: startNs,
  };
}

/** Whether the handler fails this attempt: a pure draw, the same in every process and however often it is asked. */
export function handlerFails(seed: number, ordinal: number, attempt: number, share: number): boolean {
  return share > 0 && hashDraw(seed, ordinal, attempt) < share;
}

function planKeys(spec: KeySpec, count: number, seed: number): Uint32Array {
  const keys = new Uint32Array(count);
  if (spec.kind === 'none') return keys.fill(NO_KEY);
  const draw = keySampler(spec, seededRandom(seed, 'keys'));
  for (let i = 0; i < count; i++) keys[i] = draw();
  return keys;
}

/** A key belongs to one producer, chosen by a hash (murmur3's finalizer); keyless messages go round. */
function planProducers(keys: Uint32Array, workers: number): Uint8Array {
  const producers = new Uint8Array(keys.length);
  if (workers === 1) return producers;
  for (let i = 0; i < keys.length; i++) {
    let h = keys[i]!;
    if (h === NO_KEY) {
      producers[i] = i % workers;
      continue;
    }
    h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
    producers[i] = ((h ^ (h >>> 16)) >>> 0) % workers;
  }
  return producers;
}

function planPriorities(shares: readonly number[], count: number, seed: number): Uint8Array {
  const priorities = new Uint8Array(count);
  if (shares.length < 2) return priorities;
  const draw = shareSampler(shares, shares.length - 1, seededRandom(seed, 'priorities'));
  for (let i = 0; i < count; i++) priorities[i] = draw();
  return priorities;
}

function planPoison(shares: MessageSpec['poison'], count: number, seed: number): Uint8Array {
  const poison = new Uint8Array(count);
  const byKind = POISON_KINDS.map((kind) => shares[kind] ?? 0);
  if (byKind.every((share) => share === 0)) return poison;
  const draw = shareSampler(byKind, -1, seededRandom(seed, 'poison'));
  for (let i = 0; i < count; i++) poison[i] = 1 + draw();
  return poison;
}
