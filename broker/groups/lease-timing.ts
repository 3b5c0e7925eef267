export interface LeaseTiming {
  /** A challenger may take over after having seen a row unchanged for this long. */
  readonly durationMs: number;
  readonly renewMs: number;
  /** The owner stops handling when nothing was confirmed that it sent within this time. */
  readonly stopMs: number;
}

/** A confirmation later than this would come too late for the renewal behind it. */
export function waitMsOf({ renewMs, stopMs }: LeaseTiming): number {
  return Math.max(1, Math.floor(stopMs - renewMs));
}
