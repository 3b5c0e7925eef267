import type { FailoverEvent, FailoverStep } from '../broker-event.js';
import type { Master } from '../redis/directory.js';

/** What happens to one master, as its probe, its links, the directory and the participants report it. */
export type FailoverInput =
  /** A connection broke, a probe stayed unanswered, a role answer was wrong. */
  | { readonly kind: 'doubt'; readonly reason: string }
  /** The directory names this one for the slots of the master that is watched. It believes no epoch lower than one seen. */
  | { readonly kind: 'named'; readonly master: Master }
  /** The named master has answered as master a question that was sent at `askedMs`, and hears from so many replicas. */
  | { readonly kind: 'answered'; readonly history: string; readonly askedMs: number; readonly replicas: number }
  /** `needed`: so many replicas publishing waits for. */
  | { readonly kind: 'progress'; readonly isReplayed: boolean; readonly isReacquired: boolean; readonly needed: number }
  | { readonly kind: 'tick' };

type Progress = Extract<FailoverInput, { readonly kind: 'progress' }>;

/** What the shell has to do besides reporting the events. */
export interface FailoverOutput {
  readonly events: readonly FailoverEvent[];
  /** Why connections have to be opened anew, and the authority to be asked again. */
  readonly reset: string | undefined;
}

/**
 * - `normal`: nothing is wrong.
 * - `noticed`: waits for the authority to name another master, or for the same one to answer again.
 * - `returned`: the same master on the same history has answered again; waits for all participants.
 * - `located`: waits for the named one to answer as master.
 * - `verified`: waits for as many replicas as publishing needs (for a while: {@link REPLICAS_PATIENCE_MS}), and for producers
 *   to have compared and sent again what was missing.
 * - `replayed`: waits for owners to have acquired their partitions anew.
 */
export type FailoverPhase = 'normal' | 'noticed' | 'returned' | 'located' | 'verified' | 'replayed';

/** Longest time in a phase before it is reported as stalled; twice as long after each time. */
export const PHASE_BOUND_MS: Readonly<Record<Exclude<FailoverPhase, 'normal'>, number>> = {
  noticed: 10_000,
  returned: 10_000,
  located: 5_000,
  verified: 10_000,
  replayed: 10_000,
};
const LONGEST_BOUND = 8;
/** Then it goes on without the replicas that are missing, and says so; below the bound of `verified`. */
export const REPLICAS_PATIENCE_MS = 5_000;

const WAITS_FOR: Readonly<Record<Exclude<FailoverPhase, 'normal'>, string>> = {
  noticed: 'the authority to name a master, or the former one to answer',
  returned: 'producers and owners to go on',
  located: 'the named master to answer as master',
  verified: 'producers to compare and replay, and replicas to connect',
  replayed: 'owners to acquire their partitions anew',
};

/** The course of failovers of one master, without clock and connections: inputs with their times in, steps out. */
export class FailoverMachine {
  #phase: FailoverPhase = 'normal';
  #master: Master;
  /** Of the last answer; '' before the first. */
  #history = '';
  /** That it hears from, by the last answer. */
  #replicas = 0;
  #noticedMs = 0;
  #stepMs = 0;
  #verifiedMs = 0;
  #phaseMs = 0;
  #boundFactor = 1;
  #events: FailoverEvent[] = [];
  #reset: string | undefined;

  constructor(master: Master) {
    this.#master = master;
  }

  get phase(): FailoverPhase {
    return this.#phase;
  }

  /** The one that the authority named last. */
  get master(): Master {
    return this.#master;
  }

  on(input: FailoverInput, nowMs: number): FailoverOutput {
    this.#events = [];
    this.#reset = undefined;
    switch (input.kind) {
      case 'doubt':
        this.#onDoubt(input.reason, nowMs);
        break;
      case 'named':
        this.#onNamed(input.master, nowMs);
        break;
      case 'answered':
        this.#replicas = input.replicas;
        this.#onAnswered(input.history, input.askedMs, nowMs);
        break;
      case 'progress':
        this.#onProgress(input, nowMs);
        break;
      case 'tick':
        this.#onTick(nowMs);
        break;
      default:
        input satisfies never;
    }
    return { events: this.#events, reset: this.#reset };
  }

  #onDoubt(reason: string, nowMs: number): void {
    // Before it has answered for the first time, a doubt about the named one says nothing new.
    if (this.#phase === 'noticed' || this.#phase === 'located') return;
    if (this.#phase === 'normal') this.#begin(nowMs);
    this.#step('noticed', 'noticed', reason, nowMs);
  }

  #onNamed(master: Master, nowMs: number): void {
    const former = this.#master;
    if (master.id === former.id) {
      // A higher epoch alone (a migration of slots brings one) is no failover: another history would be.
      this.#master = master;
      return;
    }
    if (this.#phase === 'normal') {
      this.#begin(nowMs);
      this.#step('noticed', 'noticed', `the authority names ${master.id}`, nowMs);
    }
    this.#master = master;
    this.#history = '';
    this.#replicas = 0;
    this.#step('located', 'located', `named at epoch ${master.epoch} instead of ${former.id}`, nowMs);
  }

  #onAnswered(history: string, askedMs: number, nowMs: number): void {
    const isKnown = history === this.#history;
    const isFirst = this.#history === '';
    switch (this.#phase) {
      case 'normal':
        if (isFirst) this.#history = history;
        else if (!isKnown) this.#restarted(history, nowMs);
        return;
      case 'noticed':
        if (askedMs < this.#stepMs) return;
        if (isKnown || isFirst) {
          this.#history = history;
          this.#enter('returned', nowMs);
        } else {
          this.#restarted(history, nowMs);
        }
        return;
      case 'located':
        if (askedMs < this.#stepMs) return;
        this.#verified(history, nowMs);
        return;
      default:
        if (!isKnown) this.#restarted(history, nowMs);
    }
  }

  #onProgress({ isReplayed, isReacquired, needed }: Progress, nowMs: number): void {
    if (this.#phase === 'returned' && isReplayed && isReacquired) {
      this.#resume('the former master answers again, on the same history', nowMs);
      return;
    }
    const isReplicated = this.#replicas >= needed;
    if (
      this.#phase === 'verified' &&
      isReplayed &&
      (isReplicated || nowMs - this.#verifiedMs >= REPLICAS_PATIENCE_MS)
    ) {
      const missing = `; it hears from ${this.#replicas} of ${needed} replicas that publishing waits for`;
      const reason = `every producer has compared, and sent again what was missing${isReplicated ? '' : missing}`;
      this.#step('replayed', 'replayed', reason, nowMs);
    }
    if (this.#phase === 'replayed' && isReacquired) {
      this.#report('reacquired', 'every partition has an owner on the new history', nowMs);
      this.#resume('normal operation', nowMs);
    }
  }

  #onTick(nowMs: number): void {
    if (this.#phase === 'normal') return;
    const boundMs = PHASE_BOUND_MS[this.#phase] * this.#boundFactor;
    if (nowMs - this.#phaseMs < boundMs) return;
    this.#boundFactor = Math.min(LONGEST_BOUND, this.#boundFactor * 2);
    this.#phaseMs = nowMs;
    const reason = `waited ${boundMs} ms for ${WAITS_FOR[this.#phase]}`;
    this.#report('stalled', reason, nowMs);
    this.#reset = reason;
  }

  /** The same node has another history: restarted, or demoted and promoted in between. */
  #restarted(history: string, nowMs: number): void {
    if (this.#phase === 'normal') {
      this.#begin(nowMs);
      this.#step('noticed', 'noticed', 'it has begun another history', nowMs);
    }
    this.#step('located', 'located', 'the same master is named, on another history', nowMs);
    this.#verified(history, nowMs);
  }

  #verified(history: string, nowMs: number): void {
    this.#history = history;
    this.#verifiedMs = nowMs;
    const reason = `it answers as master, on history ${history}, and hears from ${this.#replicas} replicas`;
    this.#step('verified', 'verified', reason, nowMs);
  }

  #resume(reason: string, nowMs: number): void {
    this.#step('normal', 'resumed', reason, nowMs);
  }

  #begin(nowMs: number): void {
    this.#noticedMs = nowMs;
    this.#stepMs = nowMs;
  }

  #step(phase: FailoverPhase, step: FailoverStep, reason: string, nowMs: number): void {
    this.#report(step, reason, nowMs);
    this.#enter(phase, nowMs);
  }

  #enter(phase: FailoverPhase, nowMs: number): void {
    this.#phase = phase;
    this.#phaseMs = nowMs;
    this.#boundFactor = 1;
  }

  #report(step: FailoverStep, reason: string, nowMs: number): void {
    const { id: master, epoch } = this.#master;
    const stepMs = nowMs - this.#stepMs;
    this.#events.push({ kind: 'failover', step, master, epoch, stepMs, totalMs: nowMs - this.#noticedMs, reason });
    this.#stepMs = nowMs;
  }
}
