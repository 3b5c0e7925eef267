import type { Scenario } from '../scenario/scenario.js';

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

export function planLoad(scenario: Scenario): LoadPlan {
  throw new Error(`not planned: ${scenario.name}`);
}
