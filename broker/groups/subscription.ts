import type { OnBrokerEvent } from '../broker-event.js';
import { type CancelTimer, type Clock, pause } from '../clock.js';
import { decodeMessage } from '../log/frame-codec.js';
import { groupKeys } from '../log/keys.js';
import { pruneProducers, trimLog } from '../log/maintenance.js';
import type { Random } from '../random.js';
import { decodeRetryRow } from '../recovery/retry-row.js';
import type { Directory } from '../redis/directory.js';
import type { Link, RedisAddress } from '../redis/link.js';
import type { OpenMasterLinks } from '../redis/master-links.js';
import type { Network } from '../redis/network.js';
import { persist } from '../redis/persist.js';
import { Delivery, type Handler } from './delivery.js';
import { Dispatcher } from './dispatcher.js';
import { readEntry } from './entry-reader.js';
import { type Acquired, registerGroup } from './group-scripts.js';
import { BLOCK_MS, LogReader } from './log-reader.js';
import { OutcomeRecorder } from './outcome-recorder.js';
import { Ownership } from './ownership.js';
import { Settler } from './settler.js';
import type { ResolvedSubscribeOptions } from './subscription-options.js';
import type { Tenure } from './tenure.js';

export interface SubscriptionContext {
  readonly topic: string;
  readonly partitions: number;
  readonly group: string;
  readonly owner: string;
  readonly network: Network;
  readonly directory: Directory;
  readonly openLinks: OpenMasterLinks;
  readonly address: RedisAddress;
  readonly replyTimeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly onEvent: OnBrokerEvent;
  readonly options: ResolvedSubscribeOptions;
}

const TRIM_EVERY_MS = 1_000;
const PRUNE_EVERY_MS = 3_600_000;
/** A blocking read that outlives its BLOCK by this much has lost its server. */
const READ_GRACE_MS = 1_000;

/** One member of a consumer group at work. Made by `MessageBroker#subscribe`. */
export class Subscription implements AsyncDisposable {
  readonly topic: string;
  readonly group: string;
  readonly #context: SubscriptionContext;
  /** Everything but reads: a blocking read would hold settlements up. */
  readonly #link: Link;
  readonly #readLink: Link;
  readonly #ownership: Ownership;
  readonly #settler: Settler;
  readonly #dispatcher: Dispatcher;
  readonly #recorder: OutcomeRecorder;
  readonly #reader: LogReader;
  readonly #stopReading = new AbortController();
  #reading: Promise<void> = Promise.resolve();
  #isPaused = false;
  #cancelMaintenance: CancelTimer | undefined;
  #lastPruneMs: number;
  #closing: Promise<void> | undefined;
  /** Ends a wait of {@link #allConfirmed}: it looks again. */
  #onAnswered: (() => void) | undefined;

  constructor(context: SubscriptionContext, handler: Handler) {
    this.#context = context;
    this.topic = context.topic;
    this.group = context.group;
    const { topic, group, owner, clock, random, onEvent, options } = context;
    this.#lastPruneMs = clock.nowMs();
    this.#link = this.#openLink('settle', context.replyTimeoutMs, () => this.#onLinkOpen());
    this.#readLink = this.#openLink('read', BLOCK_MS + READ_GRACE_MS, () => this.#compareHistories());
    this.#dispatcher = new Dispatcher({
      clock,
      handler,
      concurrency: options.concurrency,
      mayStart: () => this.#link.isOpen && !this.#isPaused,
      onHandled: (delivery) => this.#recorder.handled(delivery),
      onFailed: (delivery, error) => this.#recorder.failed(delivery, error),
    });
    this.#recorder = new OutcomeRecorder({
      topic,
      group,
      owner,
      clock,
      random,
      onEvent,
      retry: options.retry,
      ordering: options.ordering,
      onReady: (delivery) => this.#dispatcher.enqueue(delivery),
      onRetryDue: (delivery) => {
        this.#dispatcher.enqueue(delivery);
        this.#dispatcher.pump();
      },
      onChange: () => this.#settler.schedule(),
    });
    this.#ownership = new Ownership({
      topic,
      group,
      owner,
      clock,
      random,
      onEvent,
      link: this.#link,
      partitions: ownedPartitions(context.partitions, options.assignment),
      onAcquired: (tenure, acquired) => this.#takeUpRetries(tenure, acquired),
    });
    this.#settler = new Settler({
      link: this.#link,
      owner,
      clock,
      random,
      delayMs: options.settleDelayMs,
      tenures: () => this.#ownership.tenures,
      onNotOwner: (tenure, token) => this.#ownership.onNotOwner(tenure, token),
      onAnswered: () => this.#onAnswered?.(),
    });
    this.#reader = new LogReader({
      link: this.#readLink,
      clock,
      prefetchBytes: options.prefetchBytes,
      tenures: () => this.#ownership.tenures,
      onEntry: (tenure, entry) => readEntry(tenure, entry, this.#sink),
      onRead: () => this.#dispatcher.pump(),
    });
  }

  /** Registers the group on every partition, acquires the owned ones, and begins to read. */
  async start(): Promise<void> {
    const { topic, group, partitions, clock, connectTimeoutMs } = this.#context;
    const all = Array.from({ length: partitions }, (_, partition) => groupKeys(topic, partition, group));
    await persist(this.#link, clock, connectTimeoutMs, () =>
      Promise.all(all.map((keys) => registerGroup(this.#link, keys, group))),
    );
    await this.#ownership.acquireAll(connectTimeoutMs);
    this.#reading = this.#reader.run(this.#stopReading.signal);
    this.#cancelMaintenance = this.#context.clock.after(TRIM_EVERY_MS, () => this.#maintain());
  }

  /** Messages whose handlers run now. */
  get inFlight(): number {
    return this.#dispatcher.running;
  }

  /**
   * Takes nothing more, waits for running handlers and until their settlements are recorded (at most
   * `closeTimeoutMs`; what is not recorded then is handled again by the next owner). Twice is safe.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  readonly #sink = {
    onMessage: (delivery: Delivery) => {
      const { tenure, origin, entry, index } = delivery;
      if (tenure.handledBefore.size > 0 && origin !== undefined && entry !== undefined) {
        if (tenure.handledBefore.delete(`${origin.producer}:${origin.firstSequence + index}`)) {
          tenure.handled.push(delivery);
          tenure.position.settle(entry, index);
          this.#settler.schedule();
          return;
        }
      }
      this.#recorder.admit(delivery);
    },
    onUndecodable: (...args: Parameters<OutcomeRecorder['quarantine']>) => this.#recorder.quarantine(...args),
  };

  #takeUpRetries(tenure: Tenure, acquired: Acquired): void {
    const wallMs = this.#context.clock.wallMs();
    const rows = [...acquired.retries].sort(([a], [b]) => compareReferences(a, b));
    for (const [reference, stored] of rows) {
      const [entryId, index] = splitReference(reference);
      const decoded = decodeRetryRow(stored);
      const message = decoded === undefined ? 'truncated' : decodeMessage(decoded.message, 0, decoded.message.length);
      if (decoded === undefined || typeof message === 'string') {
        this.#recorder.quarantineRow(tenure, entryId, index, stored);
        continue;
      }
      const { failedAttempts, failures, dueAtMs } = decoded.row;
      const delivery = new Delivery(tenure, entryId, index, undefined, undefined, message, failedAttempts);
      delivery.failures = failures;
      tenure.bufferedBytes += message.raw.length;
      const { ordering, retry } = this.#context.options;
      const delayMs = Math.max(0, Math.min(dueAtMs - wallMs, retry.capMs));
      if (ordering === 'none' || tenure.gate.admit(message.key, delivery)) this.#recorder.retryAfter(delivery, delayMs);
    }
  }

  #onLinkOpen(): void {
    this.#ownership.onLinkOpen();
    this.#compareHistories();
    this.#settler.flush();
    this.#onAnswered?.();
    this.#dispatcher.pump();
  }

  /** Two links on different histories: one of them has not noticed yet. */
  #compareHistories(): void {
    if (!this.#link.isOpen || !this.#readLink.isOpen || this.#link.history === this.#readLink.history) return;
    this.#link.reset('the server was replaced');
    this.#readLink.reset('the server was replaced');
  }

  #maintain(): void {
    const { clock, topic } = this.#context;
    if (clock.nowMs() - this.#lastPruneMs > PRUNE_EVERY_MS) {
      this.#lastPruneMs = clock.nowMs();
      for (const { partition } of this.#ownership.tenures) pruneProducers(this.#link, topic, partition);
    }
    void this.#trim();
    this.#cancelMaintenance = clock.after(TRIM_EVERY_MS, () => this.#maintain());
  }

  /** Trims where the position has moved. What fails is done again in the next round. */
  async #trim(): Promise<void> {
    const trims = this.#ownership.tenures.map(async (tenure) => {
      const { low } = tenure.position;
      if (tenure.isOver || low === tenure.lastTrimmedLow) return;
      // Trimming goes by the recorded low: while that is behind, the next round trims again.
      const isRecorded = !tenure.hasUnsettledWork;
      await trimLog(this.#link, this.topic, tenure.partition);
      if (isRecorded) tenure.lastTrimmedLow = low;
    });
    await Promise.allSettled(trims);
  }

  async #close(): Promise<void> {
    const { clock, options } = this.#context;
    this.#isPaused = true;
    this.#cancelMaintenance?.();
    this.#stopReading.abort();
    this.#readLink.close();
    await this.#reading;
    const deadline = new AbortController();
    const cancel = clock.after(options.closeTimeoutMs, () => deadline.abort());
    const tenures = this.#ownership.tenures;
    const settled = Promise.all(tenures.map((tenure) => tenure.quiet()))
      .then(() => this.#allConfirmed(deadline.signal))
      .then(() => this.#trim());
    await Promise.race([settled, pause(clock, options.closeTimeoutMs, deadline.signal)]);
    cancel();
    deadline.abort();
    this.#settler.stop();
    this.#link.close();
    this.#ownership.stop();
  }

  async #allConfirmed(signal: AbortSignal): Promise<void> {
    const isUnsettled = (tenure: Tenure) => !tenure.isOver && tenure.hasUnsettledWork;
    while (!signal.aborted && this.#ownership.tenures.some(isUnsettled)) {
      const answered = new Promise<void>((resolve) => {
        this.#onAnswered = resolve;
        signal.addEventListener('abort', () => resolve(), { once: true });
      });
      this.#settler.flush();
      await answered;
    }
  }

  #openLink(purpose: string, replyTimeoutMs: number, onOpen: () => void): Link {
    const { topic, group, address, clock, random, onEvent } = this.#context;
    const name = `${topic}/${group}/${purpose}`.replace(/[^\w./:-]/g, '-');
    const link: Link = this.#context.network.openLink({
      name,
      address,
      replyTimeoutMs,
      clock,
      random,
      onOpen: () => {
        onEvent({ kind: 'connected', link: name, history: link.history });
        onOpen();
      },
      onClosed: (reason) => onEvent({ kind: 'disconnected', link: name, reason }),
    });
    return link;
  }
}

function ownedPartitions(
  partitions: number,
  { member, of }: { readonly member: number; readonly of: number },
): number[] {
  return Array.from({ length: partitions }, (_, partition) => partition).filter((p) => p % of === member);
}

/** `<ms>-<seq>:<index>` */
function splitReference(reference: string): [entryId: string, index: number] {
  const colon = reference.lastIndexOf(':');
  return [reference.slice(0, colon), Number(reference.slice(colon + 1))];
}

function compareReferences(a: string, b: string): number {
  const [ams, aseq, aindex] = a.split(/[-:]/).map(Number) as [number, number, number];
  const [bms, bseq, bindex] = b.split(/[-:]/).map(Number) as [number, number, number];
  return ams - bms || aseq - bseq || aindex - bindex;
}
