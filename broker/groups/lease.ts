/** Another owner's lease as a reply showed it. */
export interface LeaseRow {
  readonly owner: string;
  readonly token: string;
  /** Grows with each renewal. */
  readonly count: string;
  readonly durationMs: number;
}

export type LeaseRequest =
  /** `expected`: the row that was seen unchanged for its whole duration, and may be taken over. */
  | { readonly kind: 'acquire'; readonly expected: LeaseRow | undefined }
  /** Only that row may be taken over: not one that is free. */
  | { readonly kind: 'watch'; readonly expected: LeaseRow | undefined }
  | { readonly kind: 'renew'; readonly token: string };

/**
 * - `unknown`: nothing is known of the row on this connection.
 * - `watching`: it is another owner's.
 * - `acquiring`: it is ours, but not enough replicas are known to hold that.
 * - `held`: ours, and nobody can take it over yet.
 * - `stopped`: ours as far as we know, but somebody may have taken it over: nothing may be handled until a renewal is
 *   confirmed, which proves that nobody has.
 */
export type LeasePhase = 'unknown' | 'watching' | 'acquiring' | 'held' | 'stopped';

type State =
  | { readonly kind: 'unknown' }
  | { readonly kind: 'watching'; readonly row: LeaseRow; readonly sinceMs: number }
  | { readonly kind: 'own'; readonly token: string };

/**
 * One member's view of the lease of one partition: decides what to ask for, and whether messages may be handled. The row
 * holds no time of day, so that no clock needs to agree with another: the owner counts from the moment at which it sent
 * what was confirmed, a challenger from the receipt of the first of two replies that show the same row. The owner's time
 * is the shorter one (`stopMs` below the row's duration), and started earlier.
 */
export class Lease {
  readonly #stopMs: number;
  #state: State = { kind: 'unknown' };
  /** Until then no challenger can have seen the row unchanged for its duration. */
  #heldUntilMs = Number.NEGATIVE_INFINITY;

  constructor(stopMs: number) {
    this.#stopMs = stopMs;
  }

  /** Whether messages may be handled now: to be asked right before each. */
  isHeld(nowMs: number): boolean {
    return nowMs < this.#heldUntilMs;
  }

  phase(nowMs: number): LeasePhase {
    if (this.#state.kind !== 'own') return this.#state.kind;
    if (this.#heldUntilMs === Number.NEGATIVE_INFINITY) return 'acquiring';
    return this.isHeld(nowMs) ? 'held' : 'stopped';
  }

  /** Token of the row while it is ours. */
  get token(): string | undefined {
    return this.#state.kind === 'own' ? this.#state.token : undefined;
  }

  /** When the watched row may be taken over, if it does not change. */
  get takeoverAtMs(): number | undefined {
    return this.takeoverAfterMs(0);
  }

  /** The same for who is to wait for at least `patienceMs`. */
  takeoverAfterMs(patienceMs = 0): number | undefined {
    if (this.#state.kind !== 'watching') return undefined;
    return this.#state.sinceMs + Math.max(this.#state.row.durationMs, patienceMs);
  }

  /** What to ask for now. `patienceMs`: of who only watches. */
  request(nowMs: number, patienceMs?: number): LeaseRequest {
    const state = this.#state;
    if (state.kind === 'own') return { kind: 'renew', token: state.token };
    const takeoverAtMs = this.takeoverAfterMs(patienceMs);
    const isStale = takeoverAtMs !== undefined && nowMs > takeoverAtMs;
    const expected = isStale && state.kind === 'watching' ? state.row : undefined;
    return { kind: patienceMs === undefined ? 'acquire' : 'watch', expected };
  }

  /** The row is another owner's. */
  onForeign(row: LeaseRow, receivedMs: number): void {
    if (this.#state.kind === 'watching' && isSame(this.#state.row, row)) return;
    this.#become({ kind: 'watching', row, sinceMs: receivedMs });
  }

  /** The row is ours; {@link onConfirmed} says when that counts. */
  onAcquired(token: string): void {
    this.#become({ kind: 'own', token });
  }

  /** An acquisition or renewal with this token, sent at `sentMs`, is held by as many replicas as it needs. */
  onConfirmed(token: string, sentMs: number): void {
    if (this.#state.kind !== 'own' || this.#state.token !== token) return;
    this.#heldUntilMs = Math.max(this.#heldUntilMs, sentMs + this.#stopMs);
  }

  /** A reconnect: what was watched may have been another server's row. What is ours is told by the next renewal. */
  onDisconnected(): void {
    if (this.#state.kind === 'watching') this.reset();
  }

  /** Nothing is ours any more, and nothing known: another history, a refused renewal, a release. */
  reset(): void {
    this.#become({ kind: 'unknown' });
  }

  #become(state: State): void {
    this.#state = state;
    this.#heldUntilMs = Number.NEGATIVE_INFINITY;
  }
}

function isSame(a: LeaseRow, b: LeaseRow): boolean {
  return a.owner === b.owner && a.token === b.token && a.count === b.count;
}
