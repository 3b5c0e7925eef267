import type { Random } from '../../../broker/random.js';
import type { Scheduler } from './scheduler.js';

export interface Latency {
  /** One way, milliseconds. */
  readonly baseMs: number;
  readonly jitterMs: number;
  /** Share of the packets that take up to `tailMs`. */
  tailShare: number;
  tailMs: number;
}

/** One direction of a connection: in order, never lost, but perhaps not delivered before a cut heals. */
export interface Lane {
  readonly from: string;
  readonly to: string;
  isSilent: boolean;
  lastArrivalMs: number;
  held: (() => void)[];
}

/** Who reaches whom, and how fast. Parties are known by name: processes, nodes, and the authority. */
export class Wiring {
  readonly latency: Latency;
  readonly #scheduler: Scheduler;
  readonly #random: Random;
  readonly #cuts = new Map<string, number>();
  readonly #lanes = new Set<Lane>();
  /** Added to what these parties send. */
  readonly lateMs = new Map<string, number>();

  constructor(scheduler: Scheduler, random: Random, latency: Latency) {
    this.#scheduler = scheduler;
    this.#random = random;
    this.latency = latency;
  }

  lane(from: string, to: string): Lane {
    return { from, to, isSilent: false, lastArrivalMs: 0, held: [] };
  }

  delayMs(): number {
    const { baseMs, jitterMs, tailShare, tailMs } = this.latency;
    const delayMs = baseMs + this.#random() * jitterMs;
    return this.#random() < tailShare ? delayMs + this.#random() * tailMs : delayMs;
  }

  isCut(a: string, b: string): boolean {
    return this.#cuts.size > 0 && (this.#cuts.get(pairOf(a, b)) ?? 0) > 0;
  }

  /** Nothing passes between the two until {@link heal}. */
  cut(a: string, b: string): void {
    const pair = pairOf(a, b);
    this.#cuts.set(pair, (this.#cuts.get(pair) ?? 0) + 1);
  }

  heal(a: string, b: string): void {
    const pair = pairOf(a, b);
    const left = (this.#cuts.get(pair) ?? 0) - 1;
    if (left > 0) this.#cuts.set(pair, left);
    else this.#cuts.delete(pair);
    if (left > 0) return;
    for (const lane of this.#lanes) {
      if (this.isCut(lane.from, lane.to)) continue;
      this.#lanes.delete(lane);
      const { held } = lane;
      lane.held = [];
      for (const arrive of held) this.send(lane, arrive);
    }
  }

  send(lane: Lane, arrive: () => void): void {
    if (lane.isSilent) return;
    if (lane.held.length > 0 || this.isCut(lane.from, lane.to)) {
      lane.held.push(arrive);
      this.#lanes.add(lane);
      return;
    }
    const atMs = Math.max(
      lane.lastArrivalMs,
      this.#scheduler.nowMs + this.delayMs() + (this.lateMs.get(lane.from) ?? 0),
    );
    lane.lastArrivalMs = atMs;
    this.#scheduler.after(atMs - this.#scheduler.nowMs, () => {
      if (!lane.isSilent) arrive();
    });
  }
}

function pairOf(a: string, b: string): string {
  return a < b ? `${a}|${b}` : `${b}|${a}`;
}
