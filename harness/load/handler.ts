import { type Clock, NS_PER_MS } from '../clock.js';
import type { IncomingMessage } from '../drivers/driver.js';
import { END_FAILED, KIND, UNEXPECTED_REASONS, type UnexpectedReason } from '../ledger/record.js';
import type { LedgerWriter } from '../ledger/writer.js';
import type { HandlerSpec } from '../scenario/scenario.js';
import { verifyDelivery } from './delivery.js';
import { FixedDelay } from './fixed-delay.js';
import { type HandlerChange, isInForce } from './handler-change.js';
import { IntervalHistogram } from './interval-histogram.js';
import { decodePayload } from './payload.js';
import { handlerFails, type LoadPlan } from './plan.js';
import type { ConsumerStats } from './protocol.js';

/** What the handler of the application under load throws on purpose. */
export class HandlerFailure extends Error {
  override readonly name = 'HandlerFailure';
  readonly permanent = false;
}

export interface HandlerOptions {
  readonly plan: LoadPlan;
  readonly nonce: string;
  readonly seed: number;
  readonly spec: HandlerSpec;
  /** What it does otherwise, where this worker differs from its peers. */
  readonly change?: HandlerChange | undefined;
  readonly ledger: Pick<LedgerWriter, 'append' | 'flushed'>;
  readonly clock: Clock;
}

interface Work {
  readonly spec: HandlerSpec;
  readonly delay: FixedDelay | undefined;
}

/**
 * The application that consumes: checks what it was given, works as long as the scenario says, fails when it says so, and
 * puts each step into the ledger. Its promise settles only after END is on file: a driver that settles the message then
 * cannot be ahead of the ledger, whatever happens to the process.
 *
 * A delivery that is not what was sent is recorded as UNEXPECTED, with neither START nor END, and succeeds.
 */
export class Handler {
  readonly #o: HandlerOptions;
  readonly #work: Work;
  readonly #changed: Work | undefined;
  readonly #latency = new IntervalHistogram();
  readonly #seen: Uint8Array;
  #startNs: number | undefined;
  #started = 0;
  #done = 0;
  #failed = 0;
  #distinct = 0;
  #unexpected = 0;
  #lastHandledNs = 0;

  constructor(options: HandlerOptions) {
    this.#o = options;
    const { spec, change, clock } = options;
    this.#work = workOf(spec, clock);
    this.#changed = change && workOf(change.spec, clock);
    this.#seen = new Uint8Array(options.plan.count);
  }

  /** The load starts at this time: latencies count from intended send times. */
  begin(startNs: number): void {
    this.#startNs = startNs;
  }

  stats(): ConsumerStats {
    return {
      started: this.#started,
      done: this.#done,
      failed: this.#failed,
      distinct: this.#distinct,
      unexpected: this.#unexpected,
      inHand: this.#started - this.#done - this.#failed,
      lastHandledNs: this.#lastHandledNs,
      latencyP99Ms: this.#latency.takeP99Ms(),
    };
  }

  /** `member`: which of the worker's members of the group was handed it. */
  handle(message: IncomingMessage, member = 0): Promise<void> {
    const { plan, nonce, ledger, clock } = this.#o;
    const startNs = clock.nowNs();
    this.#lastHandledNs = startNs;
    const { ordinal, problem } = verifyDelivery(plan, nonce, message);
    if (problem !== undefined) return this.#onUnexpected(ordinal, problem, startNs, message);
    this.#started++;
    ledger.append(ordinal, KIND.START, startNs, member, message.partition >>> 0, message.attempt >>> 0);
    if (this.#startNs !== undefined) this.#latency.record(startNs - this.#startNs - plan.intendedNs[ordinal]!);
    const { spec, delay } = this.#workAt(startNs);
    const failure = this.#failure(ordinal, message, spec);
    if (spec.cpuMs > 0) burn(clock, spec.cpuMs);
    if (delay === undefined) return this.#onEnd(ordinal, message, failure);
    const { partition, attempt } = message;
    return delay.wait().then(() => this.#onEnd(ordinal, { partition, attempt }, failure));
  }

  #workAt(ns: number): Work {
    const { change } = this.#o;
    if (change === undefined || this.#changed === undefined) return this.#work;
    const elapsedNs = this.#startNs === undefined ? undefined : ns - this.#startNs;
    return isInForce(change, elapsedNs) ? this.#changed : this.#work;
  }

  #onUnexpected(ordinal: number, problem: UnexpectedReason, ns: number, message: IncomingMessage): Promise<void> {
    const { ledger } = this.#o;
    this.#unexpected++;
    const reason = UNEXPECTED_REASONS.indexOf(problem);
    ledger.append(ordinal, KIND.UNEXPECTED, ns, reason, message.partition >>> 0, message.attempt >>> 0);
    return ledger.flushed();
  }

  /** What this handling will end with: an application that cannot parse, or that fails on purpose. */
  #failure(ordinal: number, message: IncomingMessage, spec: HandlerSpec): Error | undefined {
    const { seed } = this.#o;
    try {
      const { poison } = decodePayload(message.payload);
      if (poison === 'failing') return new HandlerFailure(`message ${message.id} fails every time`);
    } catch (error) {
      return error as Error;
    }
    if (!handlerFails(seed, ordinal, message.attempt, spec.failShare)) return undefined;
    return new HandlerFailure(`attempt ${message.attempt} of message ${message.id} fails`);
  }

  #onEnd(
    ordinal: number,
    { partition, attempt }: Pick<IncomingMessage, 'partition' | 'attempt'>,
    failure: Error | undefined,
  ): Promise<void> {
    const { ledger, clock } = this.#o;
    const endNs = clock.nowNs();
    this.#lastHandledNs = endNs;
    ledger.append(ordinal, KIND.END, endNs, failure === undefined ? 0 : END_FAILED, partition >>> 0, attempt >>> 0);
    if (failure !== undefined) {
      this.#failed++;
      return ledger.flushed().then(() => Promise.reject(failure));
    }
    this.#done++;
    if (this.#seen[ordinal] === 0) {
      this.#seen[ordinal] = 1;
      this.#distinct++;
    }
    return ledger.flushed();
  }
}

function workOf(spec: HandlerSpec, clock: Clock): Work {
  return { spec, delay: spec.timeMs > 0 ? new FixedDelay(spec.timeMs, clock) : undefined };
}

function burn(clock: Clock, ms: number): void {
  const untilNs = clock.nowNs() + ms * NS_PER_MS;
  while (clock.nowNs() < untilNs);
}
