import { BrokerError } from '../broker-error.js';
import type { CancelTimer, Clock } from '../clock.js';
import type { Link } from '../redis/link.js';
import { isRedirection } from '../redis/refusal.js';
import type { Candidate } from './candidate.js';
import { type CallResult, ConfirmedPipeline, type PipelineOutcome } from './confirmed-pipeline.js';
import type { LeaseRequest } from './lease.js';
import {
  acquireCall,
  type Fenced,
  parseAcquireReply,
  parseFenced,
  parseRedriven,
  releaseCall,
  renewCall,
  type ScriptCall,
} from './lease-scripts.js';
import { type LeaseTiming, waitMsOf } from './lease-timing.js';

export interface LeaseKeeperOptions {
  readonly group: string;
  readonly owner: string;
  readonly timing: LeaseTiming;
  readonly candidates: readonly Candidate[];
  readonly clock: Clock;
  /** The link to the slot's present master. Nothing else may be sent on it: WAIT blocks it. */
  linkOf(slot: number): Link | undefined;
  /** How many replicas have to confirm an acquisition or a renewal. */
  replicasOf(slot: number): number;
  /** Another node may be responsible: the authority has to be asked again. */
  refresh(): void;
  /** An acquisition or renewal is confirmed: `candidate.acquired` is what it began with. */
  onHeld(candidate: Candidate): void;
  /** The row is ours no more, by the word of `fenced` or because master or history are others now. */
  onLost(candidate: Candidate, fenced?: Fenced): void;
  /** Too few replicas confirm what is ours on this link, so that nothing of it may be handled; or enough do again. */
  onConfirmation(candidate: Candidate, needed: number, confirmed: number): void;
  /** The group was deleted: nothing can be acquired for it any more. */
  onDeleted(): void;
  /** Every reply of a pipeline was taken in. */
  onAnswered(): void;
}

/** Takeovers that are due wait this long where a pipeline is under way. */
const BUSY_MS = 20;

/**
 * Keeps the leases of one member: asks for the partitions of a master that it owns, is to own, or watches, in one pipeline,
 * every `renewMs`, and in between for those that another member is about to give back.
 */
export class LeaseKeeper {
  readonly #options: LeaseKeeperOptions;
  readonly #pipelines = new Map<Link, ConfirmedPipeline>();
  /** Those of which it was said that too few replicas confirm. */
  readonly #unconfirmed = new Set<Link>();
  #lastTickMs = 0;
  #cancelTimer: CancelTimer | undefined;
  #isStopped = false;

  constructor(options: LeaseKeeperOptions) {
    this.#options = options;
  }

  /** Asks now, and from now on. */
  tick(): void {
    if (this.#isStopped) return;
    this.#lastTickMs = this.#options.clock.nowMs();
    for (const link of this.#pipelines.keys()) {
      if (!link.isEnded) continue;
      this.#pipelines.delete(link);
      this.#unconfirmed.delete(link);
    }
    for (const [link, candidates] of this.#byLink()) this.#ask(link, candidates);
    this.#arm();
  }

  /** Asks now for what is due before the next renewal. */
  look(): void {
    const nowMs = this.#options.clock.nowMs();
    for (const [link, candidates] of this.#byLink()) {
      const due = candidates.filter((candidate) => candidate.lookAtMs <= nowMs);
      if (due.length > 0) this.#ask(link, due);
    }
    this.#arm();
  }

  /** The link is open (again): what was ours on another history is lost, and everything on it is asked for. */
  onLinkOpen(link: Link): void {
    const candidates = this.#of(link);
    for (const candidate of candidates) {
      if (candidate.acquired !== undefined && candidate.acquired.history !== link.history) this.lose(candidate);
    }
    if (candidates.length > 0) this.tick();
  }

  onLinkClosed(link: Link): void {
    for (const candidate of this.#of(link)) {
      if (link.isEnded) this.lose(candidate);
      else candidate.lease.onDisconnected();
    }
  }

  lose(candidate: Candidate, fenced?: Fenced): void {
    candidate.lease.reset();
    candidate.acquired = undefined;
    this.#options.onLost(candidate, fenced);
  }

  /** Acquires and renews nothing more. */
  stop(): void {
    this.#isStopped = true;
    this.#cancelTimer?.();
  }

  /** Gives back what is ours of these; resolves when the servers have answered, or the links are closed. */
  async release(candidates: readonly Candidate[]): Promise<void> {
    const { owner } = this.#options;
    const releases = this.#byLink().map(([link, linked]) => {
      const calls: ScriptCall[] = [];
      for (const candidate of linked) {
        const { keys, lease } = candidate;
        if (lease.token !== undefined && candidates.includes(candidate)) {
          calls.push(releaseCall(keys, owner, lease.token));
        }
      }
      if (calls.length === 0) return undefined;
      return new Promise<void>((resolve) => this.#newPipeline(link).send(calls, 0, () => resolve()));
    });
    for (const candidate of candidates) {
      candidate.lease.reset();
      candidate.acquired = undefined;
    }
    await Promise.all(releases);
  }

  #of(link: Link): Candidate[] {
    return this.#options.candidates.filter((candidate) => candidate.link === link);
  }

  /** Finds every candidate's present master: where that is another one, the row that was ours is not on it. */
  #byLink(): [Link, Candidate[]][] {
    const byLink = new Map<Link, Candidate[]>();
    for (const candidate of this.#options.candidates) {
      const link = this.#options.linkOf(candidate.slot);
      if (link !== candidate.link) {
        candidate.link = link;
        this.lose(candidate);
      }
      if (link === undefined || !link.isOpen || !candidate.isActive) continue;
      const others = byLink.get(link);
      if (others === undefined) byLink.set(link, [candidate]);
      else others.push(candidate);
    }
    return [...byLink];
  }

  #ask(link: Link, candidates: readonly Candidate[], isRepeat = false): void {
    const pipeline = this.#pipelines.get(link) ?? this.#newPipeline(link);
    this.#pipelines.set(link, pipeline);
    if (pipeline.isBusy || this.#isStopped || !link.isOpen) return;
    const { group, owner, timing, clock, replicasOf } = this.#options;
    const nowMs = clock.nowMs();
    const requests = candidates.map(({ lease, intent }) =>
      lease.request(nowMs, intent.kind === 'watch' ? intent.patienceMs : undefined),
    );
    const calls = candidates.map((candidate, i) => {
      const request = requests[i]!;
      candidate.askedMs = nowMs;
      return request.kind === 'renew'
        ? renewCall(candidate.keys, owner, request.token, candidate.tenure?.name())
        : acquireCall(candidate.keys, group, owner, timing.durationMs, request);
    });
    const needed = replicasOf(candidates[0]!.slot);
    pipeline.send(calls, needed, (outcome) => {
      if (this.#isStopped) {
        this.#releaseLate(link, candidates, requests, outcome);
        return;
      }
      let isAnyLost = false;
      for (const [i, candidate] of candidates.entries()) {
        if (candidate.link !== link) continue;
        if (this.#take(candidate, link, requests[i]!, outcome.results[i]!, outcome)) isAnyLost = true;
      }
      this.#noteConfirmation(link, candidates, needed, outcome);
      if (isAnyLost && !isRepeat) this.#ask(link, candidates, true);
      this.#options.onAnswered();
      this.#arm();
    });
  }

  /** What was on its way to be ours when this was stopped goes back at once. */
  #releaseLate(
    link: Link,
    candidates: readonly Candidate[],
    requests: readonly LeaseRequest[],
    { results }: PipelineOutcome,
  ): void {
    const calls: ScriptCall[] = [];
    for (const [i, { error, reply }] of results.entries()) {
      if (error !== undefined || requests[i]!.kind === 'renew') continue;
      const answer = parseAcquireReply(reply);
      if (answer.kind !== 'acquired') continue;
      calls.push(releaseCall(candidates[i]!.keys, this.#options.owner, answer.acquired.token));
    }
    if (calls.length > 0) this.#newPipeline(link).send(calls, 0, () => {});
  }

  /** Takes one reply in; returns whether a row that was ours is not any more: it is asked for again at once. */
  #take(
    candidate: Candidate,
    link: Link,
    request: LeaseRequest,
    { error, reply }: CallResult,
    { isConfirmed, sentMs }: PipelineOutcome,
  ): boolean {
    const { lease } = candidate;
    candidate.lastError = error;
    if (error !== undefined) {
      if (isRedirection(error)) this.#options.refresh();
      return false;
    }
    if (request.kind === 'renew') {
      const fenced = parseFenced(reply);
      if (lease.token !== request.token) return false;
      if (fenced !== undefined) {
        this.lose(candidate, fenced);
        return true;
      }
      if (candidate.tenure !== undefined) candidate.tenure.announcedRedrive = parseRedriven(reply);
      if (isConfirmed) this.#hold(candidate, request.token, sentMs);
      else candidate.lastError = unconfirmed();
      return false;
    }
    const answer = parseAcquireReply(reply);
    if (answer.kind === 'foreign') {
      lease.onForeign(answer.row, this.#options.clock.nowMs());
      return false;
    }
    if (answer.kind === 'deleted') {
      this.#options.onDeleted();
      return false;
    }
    const { acquired } = answer;
    if (acquired.history !== link.history) {
      // The server began another history without having closed its connections (a first replica does that).
      link.reset('the history of the server changed');
      return false;
    }
    lease.onAcquired(acquired.token);
    candidate.acquired = acquired;
    if (isConfirmed) this.#hold(candidate, acquired.token, sentMs);
    else candidate.lastError = unconfirmed();
    return false;
  }

  #noteConfirmation(
    link: Link,
    candidates: readonly Candidate[],
    needed: number,
    { isConfirmed, confirmed }: PipelineOutcome,
  ): void {
    const { clock, onConfirmation } = this.#options;
    const nowMs = clock.nowMs();
    const isIdle = ({ lease }: Candidate) => lease.token !== undefined && !lease.isHeld(nowMs);
    const concerned = candidates.find((candidate) => candidate.link === link && (isConfirmed || isIdle(candidate)));
    if (concerned === undefined || confirmed < 0 || this.#unconfirmed.has(link) !== isConfirmed) return;
    if (isConfirmed) this.#unconfirmed.delete(link);
    else this.#unconfirmed.add(link);
    onConfirmation(concerned, needed, confirmed);
  }

  #hold(candidate: Candidate, token: string, sentMs: number): void {
    candidate.lease.onConfirmed(token, sentMs);
    this.#options.onHeld(candidate);
  }

  #newPipeline(link: Link): ConfirmedPipeline {
    const { clock, timing } = this.#options;
    return new ConfirmedPipeline(link, () => clock.nowMs(), waitMsOf(timing));
  }

  /** The next renewal, or the first takeover that is due before it. */
  #arm(): void {
    if (this.#isStopped) return;
    const { clock, timing, candidates } = this.#options;
    const nowMs = clock.nowMs();
    let dueMs = this.#lastTickMs + timing.renewMs;
    const renewalMs = dueMs;
    for (const candidate of candidates) {
      dueMs = Math.min(dueMs, Math.max(candidate.lookAtMs, nowMs + BUSY_MS));
    }
    this.#cancelTimer?.();
    const isRenewal = dueMs === renewalMs;
    this.#cancelTimer = clock.after(Math.max(1, dueMs - nowMs), () => (isRenewal ? this.tick() : this.look()));
  }
}

function unconfirmed(): BrokerError {
  return new BrokerError('connection', 'too few replicas have confirmed it');
}
