import type { PlaceFinding } from './failure-pattern.js';
import { standsOut } from './failure-place.js';

/** Of a member's handlings. */
export interface HandlingRates {
  readonly handledPerSec: number;
  readonly failedPerSec: number;
}

/** What was seen counts half after this. */
const HALF_LIFE_MS = 60_000;
const LONGEST_STEP_MS = 10_000;
/** Attempts of one message depend on each other: so many count as one. */
const DEPENDENT = 5;

interface Amounts {
  handled: number;
  failed: number;
}

/**
 * Tells whether failures are one member's own: a member handles nothing of the others, but hears from each how many it handles
 * and how many fail, whatever the cause.
 */
export class PeerContrast {
  readonly #own: Amounts = { handled: 0, failed: 0 };
  readonly #peers: Amounts = { handled: 0, failed: 0 };
  #lastMs: number | undefined;

  /** Takes in what they told; `nowMs` on a clock that does not step. */
  look(own: HandlingRates, peers: readonly HandlingRates[], nowMs: number): void {
    const passedMs = Math.min(LONGEST_STEP_MS, nowMs - (this.#lastMs ?? nowMs));
    this.#lastMs = nowMs;
    grow(this.#own, [own], passedMs);
    grow(this.#peers, peers, passedMs);
  }

  /** Undefined where the others fail as well, or there are none. */
  finding(member: string): PlaceFinding | undefined {
    const whole = (amount: number) => Math.round(amount / DEPENDENT);
    const [failedThere, passedThere] = [whole(this.#own.failed), whole(this.#own.handled)];
    const failed = failedThere + whole(this.#peers.failed);
    const passed = passedThere + whole(this.#peers.handled);
    if (this.#peers.handled === 0) return undefined;
    const found = standsOut('one-consumer', member, { failedThere, failed, passedThere, passed }, 1);
    return found && { ...found, failingShare: failedThere / (failedThere + passedThere) };
  }
}

function grow(amounts: Amounts, rates: readonly HandlingRates[], passedMs: number): void {
  const kept = 0.5 ** (passedMs / HALF_LIFE_MS);
  amounts.handled *= kept;
  amounts.failed *= kept;
  for (const { handledPerSec, failedPerSec } of rates) {
    amounts.handled += (handledPerSec * passedMs) / 1_000;
    amounts.failed += (failedPerSec * passedMs) / 1_000;
  }
}
