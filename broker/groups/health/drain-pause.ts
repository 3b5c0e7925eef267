/** The pause of a member that is sick again doubles up to this. */
const MOST_PAUSES = 16;
/** Sick again within so many of its last pause. */
const RELAPSE_PAUSES = 4;

/**
 * For how long a drained member is given nothing: longer each time that it relapses, as Envoy does when it ejects an
 * outlier.
 */
export class DrainPause {
  readonly #baseMs: number;
  #pauseMs = 0;
  #sinceMs: number | undefined;
  #endedMs = Number.NEGATIVE_INFINITY;

  constructor(baseMs: number) {
    this.#baseMs = baseMs;
  }

  /** Returns whether it has ended with this. */
  observe(isDraining: boolean, nowMs: number): boolean {
    const wasDraining = this.#sinceMs !== undefined;
    if (isDraining === wasDraining) return false;
    if (!isDraining) {
      this.#sinceMs = undefined;
      this.#endedMs = nowMs;
      return true;
    }
    const isRelapse = nowMs - this.#endedMs < RELAPSE_PAUSES * this.#pauseMs;
    this.#pauseMs = isRelapse ? Math.min(this.#pauseMs * 2, this.#baseMs * MOST_PAUSES) : this.#baseMs;
    this.#sinceMs = nowMs;
    return false;
  }

  isOver(nowMs: number): boolean {
    return this.#sinceMs !== undefined && nowMs - this.#sinceMs >= this.#pauseMs;
  }
}
