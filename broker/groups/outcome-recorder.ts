import type { BrokerEvent } from '../broker-event.js';
import type { Clock } from '../clock.js';
import type { Findings, QuarantineEvidence, QuarantineReason } from '../recovery/quarantine-evidence.js';
import type { RetryOptions } from '../recovery/retries/retry-options.js';
import type { IntelligentRetryScheduler } from '../recovery/retries/retry-scheduler.js';
import { decodeRetryRow, describeFailure, encodeRetryRow, withFailure } from '../recovery/retry-row.js';
import type { Delivery } from './delivery.js';
import type { TrackedEntry } from './position.js';
import type { Tenure } from './tenure.js';

export interface OutcomeRecorderOptions {
  readonly topic: string;
  readonly group: string;
  readonly owner: string;
  readonly retries: Pick<IntelligentRetryScheduler, 'decide' | 'recovered' | 'givenUp'>;
  readonly retry: Pick<RetryOptions, 'policy' | 'maxWaitingPerKey'>;
  readonly ordering: 'key' | 'none';
  readonly clock: Clock;
  /** The message may be handled now. Called while a reply is read or a handler returns. */
  onReady(delivery: Delivery): void;
  /** The same, out of the blue: its time for another attempt has come. */
  onRetryDue(delivery: Delivery): void;
  /** Something has to be recorded. */
  onChange(): void;
  /** Why a message that has just failed is given up for that, with attempts left. */
  poisonReason(delivery: Delivery): QuarantineReason | undefined;
}

/** Turns what became of a message into bookkeeping: settled, to be retried, dead letter, quarantine. */
export class OutcomeRecorder {
  readonly #options: OutcomeRecorderOptions;
  /** They are set aside, and their handlers still run: only their keys wait for those. */
  readonly #setAside = new Set<Delivery>();

  constructor(options: OutcomeRecorderOptions) {
    this.#options = options;
  }

  /**
   * Takes a message in: it becomes ready at once, or behind the one of its key that is under way. One that this process
   * has handled already is only settled.
   */
  admit(delivery: Delivery): void {
    const { tenure, key } = delivery;
    if (delivery.wasHandled) {
      this.#leaveLog(delivery);
      this.#options.onChange();
      return;
    }
    tenure.bufferedBytes += delivery.decoded.size;
    if (this.#isUnordered || key === undefined) {
      if (tenure.leftovers.length === 0 || !waitsForItself(tenure, delivery)) this.#options.onReady(delivery);
    } else if (tenure.gate.admit(key, delivery)) this.#options.onReady(delivery);
    else if (tenure.parked.size > 0) this.#unpark(tenure, key);
  }

  /** Takes a message of the retry rows in: its key waits until its time has come. */
  admitRetry(delivery: Delivery, dueAtMs: number): void {
    const { tenure, key, decoded } = delivery;
    const { clock, retry } = this.#options;
    tenure.bufferedBytes += decoded.size;
    // By a clock that was set, or is another one, it would wait for ever; and its own pauses may be shorter by now.
    const longestMs = delivery.storedDelayMs ?? retry.policy.capMs;
    const delayMs = Math.max(0, Math.min(dueAtMs - clock.wallMs(), longestMs));
    if (this.#isUnordered || key === undefined) {
      if (tenure.leftovers.length === 0 || !waitsForItself(tenure, delivery)) this.retryAfter(delivery, delayMs);
    } else if (tenure.gate.admit(key, delivery)) this.retryAfter(delivery, delayMs);
  }

  /** Handlers of former tenures still run: their keys, and keyless messages themselves, wait until they return. */
  blockFor(tenure: Tenure, running: readonly Delivery[]): void {
    tenure.leftovers = running.map((delivery) => ({ delivery, waiting: [] }));
    if (this.#isUnordered) return;
    for (const { key } of running) if (key !== undefined) tenure.gate.block(key);
  }

  /** One of those has returned. `tenure`: the one of its partition by now; undefined: another member's. */
  leftoverReturned(tenure: Tenure | undefined, returned: Delivery): void {
    const leftover = tenure?.leftovers.find(({ delivery }) => delivery === returned);
    if (tenure === undefined || leftover === undefined) return;
    tenure.leftovers = tenure.leftovers.filter((other) => other !== leftover);
    for (const delivery of leftover.waiting) {
      tenure.bufferedBytes -= delivery.decoded.size;
      this.admit(delivery);
    }
    if (!this.#isUnordered) this.#passOn(tenure, returned.key);
  }

  handled(delivery: Delivery): void {
    const { tenure } = delivery;
    if (delivery.failedAttempts === 0) delivery.rememberHandled();
    else this.#options.retries.recovered(delivery);
    if (this.#wasSetAside(delivery) || tenure.isOver) return;
    if (delivery.recordedAttempts > 0) this.#transition(delivery, 'done', '', '');
    this.#leaveLog(delivery);
    this.#finish(delivery);
  }

  failed(delivery: Delivery, error: unknown): void {
    const { tenure } = delivery;
    if (this.#wasSetAside(delivery) || tenure.isOver) return;
    const { clock, owner, retries, retry } = this.#options;
    const failure = describeFailure(error, delivery.attempt, clock.wallMs(), owner);
    delivery.failures = withFailure(delivery.failures, failure);
    delivery.failedAttempts++;
    const delayMs = retries.decide(delivery, failure, error);
    if (delayMs === undefined) {
      retries.givenUp(delivery);
      this.#deadLetter(delivery);
      return;
    }
    const poison = this.#poisonReason(delivery);
    if (poison !== undefined) {
      retries.givenUp(delivery);
      this.setAside(delivery, poison);
      return;
    }
    delivery.isRetry = true;
    const { failedAttempts, failures, forgivenAttempts } = delivery;
    const forgiven = forgivenAttempts > 0 && { forgivenAttempts };
    const asked = delayMs > retry.policy.capMs && { delayMs };
    const row = encodeRetryRow({ failedAttempts, dueAtMs: clock.wallMs() + delayMs, failures, ...forgiven, ...asked });
    this.#transition(delivery, 'retry', row, delivery.decoded.raw);
    delivery.recordedAttempts = failedAttempts;
    this.#leaveLog(delivery);
    this.retryAfter(delivery, delayMs);
    this.#options.onChange();
  }

  /** Makes the message ready again after `delayMs`; with `ordering: key` its key waits for it. */
  retryAfter(delivery: Delivery, delayMs: number): void {
    const { tenure, key } = delivery;
    const stop = this.#options.clock.after(delayMs, () => {
      cancel();
      this.#options.onRetryDue(delivery);
    });
    const cancel = () => {
      stop();
      tenure.retryTimers.delete(cancel);
      if (key !== undefined && !this.#isUnordered) tenure.parked.delete(key);
    };
    tenure.retryTimers.add(cancel);
    if (key !== undefined && !this.#isUnordered) tenure.parked.set(key, { delivery, cancel });
  }

  /** Sets a message of the log aside that is not to be handled. */
  quarantine(tenure: Tenure, entry: TrackedEntry, index: number, reason: QuarantineReason, bytes: Buffer): void {
    this.#quarantine(tenure, entry.id, index, 0, { reason }, bytes);
    tenure.position.settle(entry, index);
  }

  /** Sets a retry row aside that cannot be decoded. */
  quarantineRow(tenure: Tenure, entryId: string, index: number, stored: Buffer): void {
    const attempts = Number.parseInt(stored.toString('latin1', 0, 10), 10);
    const message = decodeRetryRow(stored)?.message ?? stored;
    if (attempts > 0) this.#quarantine(tenure, entryId, index, attempts, { reason: 'bad-retry-row' }, message);
  }

  /** Sets a message aside that no handler has: the next one of its key may go on. */
  setAside(delivery: Delivery, reason: QuarantineReason, findings: Findings = {}): void {
    this.#quarantineDelivery(delivery, reason, findings);
    this.#finish(delivery);
  }

  /** Sets a message aside whose handler runs: its key waits until that returns, and what it does then is recorded nowhere. */
  setAsideRunning(delivery: Delivery, runningMs: number): void {
    this.#setAside.add(delivery);
    this.#quarantineDelivery(delivery, 'hanging', { runningMs });
  }

  get #isUnordered(): boolean {
    return this.#options.ordering === 'none';
  }

  /** One more waits behind a message that may not be due for long: together they would fill what is read ahead. */
  #unpark(tenure: Tenure, key: string): void {
    const parked = tenure.parked.get(key);
    if (parked === undefined || tenure.gate.waiting(key) <= this.#options.retry.maxWaitingPerKey) return;
    parked.cancel();
    this.#options.retries.givenUp(parked.delivery);
    tenure.suspicion?.returned(parked.delivery);
    this.setAside(parked.delivery, 'key-cap');
  }

  /** Why a message that has attempts left is given up for its failure. */
  #poisonReason(delivery: Delivery): QuarantineReason | undefined {
    const { retry, poisonReason } = this.#options;
    if (!this.#isUnordered && delivery.tenure.gate.waiting(delivery.key) > retry.maxWaitingPerKey) return 'key-cap';
    return poisonReason(delivery);
  }

  #wasSetAside(delivery: Delivery): boolean {
    if (this.#setAside.size === 0 || !this.#setAside.delete(delivery)) return false;
    if (!delivery.tenure.isOver) this.#finish(delivery);
    return true;
  }

  #quarantineDelivery(delivery: Delivery, reason: QuarantineReason, findings: Findings): void {
    const { tenure, entryId, index, id, recordedAttempts, failedAttempts: attempts, failures, decoded } = delivery;
    const known = { reason, id, attempts, failures, ...findings };
    this.#quarantine(tenure, entryId, index, recordedAttempts, known, decoded.raw);
    this.#leaveLog(delivery);
  }

  #quarantine(
    tenure: Tenure,
    entry: string,
    index: number,
    fromAttempt: number,
    { id, ...known }: Omit<QuarantineEvidence, 'atMs' | 'consumer'> & { readonly id?: string },
    message: Buffer,
  ): void {
    const { topic, group, owner, clock, onChange } = this.#options;
    const evidence: QuarantineEvidence = { ...known, atMs: clock.wallMs(), consumer: owner };
    const { reason } = known;
    const event = { kind: 'quarantined', topic, group, position: `${entry}:${index}`, id, reason } as const;
    const row = JSON.stringify(evidence);
    tenure.transitions.push({ kind: 'quarantine', entry, index, fromAttempt, row, message, event });
    onChange();
  }

  #deadLetter(delivery: Delivery): void {
    const { topic, group } = this.#options;
    const { failedAttempts, failures, entryId, index } = delivery;
    const evidence = JSON.stringify({ attempts: failedAttempts, failures, position: `${entryId}:${index}` });
    const event = { kind: 'dead-lettered', topic, group, id: delivery.id } as const;
    this.#transition(delivery, 'dead', evidence, delivery.decoded.raw, event);
    this.#leaveLog(delivery);
    this.#finish(delivery);
  }

  #transition(
    delivery: Delivery,
    kind: 'retry' | 'done' | 'dead',
    row: string,
    message: Buffer | string,
    event?: BrokerEvent,
  ): void {
    const { tenure, entryId, index, recordedAttempts: fromAttempt } = delivery;
    const told = event === undefined ? {} : { event };
    tenure.transitions.push({ kind, entry: entryId, index, fromAttempt, row, message, ...told });
  }

  #leaveLog(delivery: Delivery): void {
    if (delivery.entry !== undefined) delivery.tenure.position.settle(delivery.entry, delivery.index);
  }

  #finish(delivery: Delivery): void {
    const { tenure } = delivery;
    tenure.bufferedBytes -= delivery.decoded.size;
    if (!this.#isUnordered) this.#passOn(tenure, delivery.key);
    this.#options.onChange();
  }

  /** Lets the next message of the key through; what has been handled meanwhile, by a leftover handler, is only settled. */
  #passOn(tenure: Tenure, key: string | undefined): void {
    for (let next = tenure.gate.release(key); next !== undefined; next = tenure.gate.release(key)) {
      if (!next.wasHandled) {
        this.#options.onReady(next);
        return;
      }
      tenure.bufferedBytes -= next.decoded.size;
      this.#leaveLog(next);
      this.#options.onChange();
    }
  }
}

/** A message without a place in an order waits only for a handler that has it already. */
function waitsForItself(tenure: Tenure, delivery: Delivery): boolean {
  const leftover = tenure.leftovers.find((other) => other.delivery.id === delivery.id);
  leftover?.waiting.push(delivery);
  return leftover !== undefined;
}
