export interface ScaleLimits {
  readonly min: number;
  readonly max: number;
  /** Needs that differ from what there is by less than this part of it change nothing. */
  readonly tolerance: number;
  /** The highest need of so long a time decides about scaling in. */
  readonly scaleInHoldMs: number;
  /** After any change nothing is scaled in for so long. */
  readonly coolDownMs: number;
}

/** How many members are needed. */
export interface Need {
  readonly members: number;
  /** Else so many at the least: not all is known. */
  readonly isWhole: boolean;
}

/** Keeps a whole number of members from dithering, at a rounding error as well. */
const EPSILON = 1e-9;

/**
 * Turns a changing need into a number of members: more at once, fewer only when none of the needs of the hold time asked
 * for more, and never within the tolerance. So noise within the tolerance changes nothing after one hold time (the
 * stabilization window and the tolerance are those of the Kubernetes HPA).
 */
export class ScaleDecider {
  readonly #limits: ScaleLimits;
  #needs: { readonly atMs: number; readonly need: number }[] = [];
  #changedAtMs = Number.NEGATIVE_INFINITY;

  constructor(limits: ScaleLimits) {
    this.#limits = limits;
  }

  /** What there should be instead of `current`; undefined for no change. */
  decide({ members: need, isWhole }: Need, current: number, nowMs: number): number | undefined {
    const { min, max, tolerance, scaleInHoldMs, coolDownMs } = this.#limits;
    const clamp = (members: number) => Math.max(min, Math.min(max, members));
    if (clamp(current) !== current) return this.#change(clamp(current), nowMs);
    const out = clamp(whole(need));
    if (!isWhole) this.#needs = [];
    else this.#needs.push({ atMs: nowMs, need });
    if (need > current * (1 + tolerance) && out > current) return this.#change(out, nowMs);
    const sinceMs = nowMs - scaleInHoldMs;
    // The last one before the window stays: it shows that the window has passed.
    while (this.#needs.length > 1 && this.#needs[1]!.atMs <= sinceMs) this.#needs.shift();
    const hasPassed = this.#needs.length > 0 && this.#needs[0]!.atMs <= sinceMs;
    const highest = Math.max(...this.#needs.map((seen) => seen.need));
    const fewer = clamp(whole(highest * (1 + tolerance)));
    if (!hasPassed || fewer >= current || nowMs - this.#changedAtMs < coolDownMs) return undefined;
    return this.#change(fewer, nowMs);
  }

  #change(members: number, nowMs: number): number {
    this.#changedAtMs = nowMs;
    return members;
  }
}

function whole(need: number): number {
  return Math.ceil(need - EPSILON);
}
