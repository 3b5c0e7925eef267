import { type Clock, NS_PER_MS } from '../clock.js';
import {
  type DriverProducer,
  type Outcome,
  type OutgoingMessage,
  REJECT_REASONS,
  type RejectReason,
} from '../drivers/driver.js';
import { KIND, NO_ORDINAL, type RecordKind } from '../ledger/record.js';
import type { LedgerWriter } from '../ledger/writer.js';
import { IntervalHistogram } from './interval-histogram.js';
import { messageId, type PayloadBuilder } from './payload.js';
import { keyName, type LoadPlan } from './plan.js';
import type { LagSummary, ProducerStats } from './protocol.js';

/** Messages handed over at once: more are due only after a stall, and then the outcomes of the first must get a turn. */
const MAX_BATCH = 512;
/** On top of the publish deadline, before a missing outcome counts as unanswered. */
const GRACE_MS = 5_000;

const OUTCOME_KINDS: Readonly<Record<Outcome['kind'], RecordKind>> = {
  accepted: KIND.ACCEPTED,
  rejected: KIND.REJECTED,
  indeterminate: KIND.INDETERMINATE,
};

export interface GeneratorOptions {
  readonly plan: LoadPlan;
  readonly nonce: string;
  /** The messages of this producer, ascending. */
  readonly ordinals: Uint32Array;
  readonly startNs: number;
  readonly publishDeadlineMs: number;
  readonly producer: DriverProducer;
  readonly payloads: PayloadBuilder;
  readonly ledger: Pick<LedgerWriter, 'append' | 'flush'>;
  readonly clock: Clock;
  /** Something that the driver promised (its capacity) failed. */
  readonly onError: (error: unknown) => void;
}

/**
 * Hands messages over when they are due: an open model that sends late but never skips, never early, and waits for no
 * outcome. It sleeps between ticks of a millisecond and does not spin.
 */
export class Generator {
  readonly #o: GeneratorOptions;
  readonly #answered: Uint8Array;
  readonly #keyNames = new Map<number, string | undefined>();
  readonly #lag = new IntervalHistogram();
  readonly #publish = new IntervalHistogram();
  readonly #giveUpNs: number;
  #timer: NodeJS.Timeout | undefined;
  #next = 0;
  #sent = 0;
  #outstanding = 0;
  readonly #outcomes: Record<Outcome['kind'], number> = { accepted: 0, rejected: 0, indeterminate: 0 };
  #blocked = false;
  /** Messages due before this were held back by the driver, not by us. */
  #heldUntilNs = 0;
  #settle: () => void = () => {};
  #stopped = false;

  constructor(options: GeneratorOptions) {
    this.#o = options;
    this.#answered = new Uint8Array(options.ordinals.length);
    this.#giveUpNs = options.startNs + options.plan.endNs + options.publishDeadlineMs * NS_PER_MS;
  }

  /**
   * Resolves when every message has been handed over and answered, or its time is up: what a driver still blocks the
   * publish deadline after the plan's end stays unsent, and outcomes are awaited for the deadline + 5 s. An aborted
   * signal ends the handing over at once.
   */
  run(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      this.#settle = resolve;
      signal.addEventListener('abort', () => this.#awaitOutcomes(), { once: true });
      if (signal.aborted) this.#awaitOutcomes();
      else this.#tick();
    });
  }

  stats(): ProducerStats {
    return {
      planned: this.#o.ordinals.length,
      sent: this.#sent,
      ...this.#outcomes,
      outstanding: this.#outstanding,
      blocked: this.#blocked,
      lagP99Ms: this.#lag.takeP99Ms(),
      publishP99Ms: this.#publish.takeP99Ms(),
    };
  }

  lag(): LagSummary {
    return this.#lag.summary();
  }

  readonly #tick = (): void => {
    if (this.#stopped) return;
    const due = this.#due(this.#o.clock.nowNs());
    const capacity = due > this.#next ? this.#o.producer.capacity?.() : undefined;
    if (capacity !== undefined) this.#awaitCapacity(capacity);
    else {
      if (due > this.#next) this.#handOver(Math.min(due, this.#next + MAX_BATCH));
      if (due > this.#next) setImmediate(this.#tick);
      else if (!this.#stopped) this.#sleep();
    }
  };

  /** Until the next message is due, or a tick of a millisecond, whichever is longer. */
  #sleep(): void {
    if (this.#next === this.#o.ordinals.length) {
      this.#awaitOutcomes();
      return;
    }
    const waitMs = (this.#dueNs(this.#next) - this.#o.clock.nowNs()) / NS_PER_MS;
    this.#timer = setTimeout(this.#tick, Math.max(1, Math.floor(waitMs)));
  }

  /** Position after the last message that is due. */
  #due(nowNs: number): number {
    let position = this.#next;
    while (position < this.#o.ordinals.length && this.#dueNs(position) <= nowNs) position++;
    return position;
  }

  #dueNs(position: number): number {
    return this.#o.startNs + this.#o.plan.intendedNs[this.#o.ordinals[position]!]!;
  }

  #handOver(end: number): void {
    const { plan, nonce, ordinals, payloads, ledger, clock } = this.#o;
    const first = this.#next;
    const count = end - first;
    const batch = new Array<OutgoingMessage>(count);
    const memory = payloads.allocate(count);
    for (let i = 0; i < count; i++) {
      const ordinal = ordinals[first + i]!;
      const key = plan.key[ordinal]!;
      batch[i] = {
        id: messageId(nonce, ordinal),
        key: this.#keyName(key),
        payload: payloads.write(memory, i, ordinal, key, plan.poison[ordinal]!),
        priority: plan.priority[ordinal]!,
      };
    }
    const sentNs = clock.nowNs();
    for (let position = first; position < end; position++) {
      ledger.append(ordinals[position]!, KIND.SENT, sentNs);
      this.#lag.record(Math.max(0, sentNs - Math.max(this.#dueNs(position), this.#heldUntilNs)));
    }
    this.#next = end;
    // On file before the driver has it: no kill, crash or full disk may leave messages in the system that nobody sent.
    if (!ledger.flush()) {
      this.#stopped = true;
      return;
    }
    this.#sent += count;
    this.#outstanding += count;
    this.#o.producer.publish(batch, (index, outcome) => this.#onOutcome(first, count, index, outcome));
  }

  #keyName(key: number): string | undefined {
    if (!this.#keyNames.has(key)) this.#keyNames.set(key, keyName(key));
    return this.#keyNames.get(key);
  }

  #onOutcome(first: number, count: number, index: number, outcome: Outcome): void {
    const { ledger, ordinals, clock } = this.#o;
    const nowNs = clock.nowNs();
    const known = Number.isInteger(index) && index >= 0 && index < count;
    const kind = known ? OUTCOME_KINDS[outcome?.kind] : undefined;
    if (kind === undefined) {
      ledger.append(NO_ORDINAL, KIND.CONTRACT, nowNs, 0, Number(index) >>> 0);
      return;
    }
    const position = first + index;
    ledger.append(ordinals[position]!, kind, nowNs, 0, outcome.kind === 'rejected' ? reasonIndex(outcome.reason) : 0);
    if (this.#answered[position] === 1) return;
    this.#answered[position] = 1;
    this.#outstanding--;
    this.#outcomes[outcome.kind]++;
    this.#publish.record(nowNs - this.#dueNs(position));
    if (this.#stopped && this.#outstanding === 0) this.#finish();
  }

  #awaitCapacity(capacity: Promise<void>): void {
    const { clock, ledger } = this.#o;
    this.#blocked = true;
    ledger.append(NO_ORDINAL, KIND.BLOCKED, clock.nowNs());
    const patienceMs = (this.#giveUpNs - clock.nowNs()) / NS_PER_MS;
    this.#timer = setTimeout(() => this.#awaitOutcomes(), Math.max(1, patienceMs));
    capacity.then(() => {
      this.#blocked = false;
      this.#heldUntilNs = clock.nowNs();
      ledger.append(NO_ORDINAL, KIND.UNBLOCKED, this.#heldUntilNs);
      if (this.#stopped) return;
      clearTimeout(this.#timer);
      this.#tick();
    }, this.#o.onError);
  }

  #awaitOutcomes(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    clearTimeout(this.#timer);
    if (this.#outstanding === 0) this.#finish();
    else this.#timer = setTimeout(() => this.#finish(), this.#o.publishDeadlineMs + GRACE_MS);
  }

  #finish(): void {
    clearTimeout(this.#timer);
    this.#settle();
  }
}

function reasonIndex(reason: RejectReason): number {
  const index = REJECT_REASONS.indexOf(reason);
  return index < 0 ? REJECT_REASONS.indexOf('other') : index;
}
