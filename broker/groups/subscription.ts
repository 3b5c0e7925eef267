import type { BrokerEvent } from '../broker-event.js';
import { pause } from '../clock.js';
import type { FailurePattern } from '../recovery/patterns/failure-pattern.js';
import { PoisonMessageHandler } from '../recovery/poison-message-handler.js';
import type { RetryAnalytics } from '../recovery/retries/retry-analytics.js';
import { IntelligentRetryScheduler } from '../recovery/retries/retry-scheduler.js';
import type { Master } from '../redis/directory.js';
import type { Link } from '../redis/link.js';
import { type ConcurrencyLimit, concurrencyLimitOf } from './concurrency/concurrency-limit.js';
import { LimitReport } from './concurrency/limit-report.js';
import { ConsumerGroupBalancer } from './consumer-group-balancer.js';
import { ConsumerHealthMonitor } from './consumer-health-monitor.js';
import type { Delivery, Handler } from './delivery.js';
import { Dispatcher } from './dispatcher.js';
import { readEntry } from './entry-reader.js';
import { FailureWatch } from './failure-watch.js';
import { GroupLinks } from './group-links.js';
import { registrationOf } from './group-registration.js';
import type { GroupHealth } from './health/member-health.js';
import type { Acquired } from './lease-scripts.js';
import { waitMsOf } from './lease-timing.js';
import { LoadMeter } from './load-meter.js';
import { LogReaders } from './log-readers.js';
import { loadReport } from './member-load.js';
import { Membership } from './membership.js';
import { OutcomeRecorder } from './outcome-recorder.js';
import { takeRedriven } from './redriven.js';
import { Settler } from './settler.js';
import { takeUpRetries } from './stored-retries.js';
import type { SubscriptionContext } from './subscription-context.js';
import { checkHandler } from './subscription-options.js';
import type { Tenure } from './tenure.js';
import { Upkeep } from './upkeep.js';

/** One member of a consumer group at work. Made by `MessageBroker#subscribe`. */
export class Subscription implements AsyncDisposable {
  readonly topic: string;
  readonly group: string;
  readonly #context: SubscriptionContext;
  readonly #links: GroupLinks;
  readonly #membership: Membership;
  readonly #settler: Settler;
  readonly #dispatcher: Dispatcher;
  readonly #recorder: OutcomeRecorder;
  readonly #poison: PoisonMessageHandler;
  readonly #retries: IntelligentRetryScheduler;
  readonly #readers: LogReaders;
  readonly #upkeep: Upkeep;
  readonly #health: ConsumerHealthMonitor;
  readonly #failures: FailureWatch;
  readonly #load: LoadMeter;
  readonly #limit: ConcurrencyLimit;
  readonly #stopListening: () => void;
  readonly #closed = new AbortController();
  #closing: Promise<void> | undefined;

  constructor(context: SubscriptionContext, handler: Handler) {
    checkHandler(handler);
    this.#context = context;
    this.topic = context.topic;
    this.group = context.group;
    const { topic, group, owner, directory, clock, onEvent, options } = context;
    this.#links = new GroupLinks({
      ...context,
      name: `${topic}/${group}`,
      waitMs: waitMsOf(options.lease),
      onOpen: (link) => this.#onLinkOpen(link),
      onClosed: (link) => this.#membership.onLinkClosed(link),
    });
    const member = options.memberId ?? owner;
    const tenures = () => this.#membership.tenures;
    const balancer = options.balancing && new ConsumerGroupBalancer(member, options.balancing);
    this.#health = new ConsumerHealthMonitor({
      ...context,
      member,
      beatMs: options.lease.renewMs,
      options: options.health,
      running: () => this.#dispatcher.pending,
      leases: () => this.#membership.standing(),
    });
    this.#failures = new FailureWatch({ topic, group, member, clock, onEvent, health: () => this.health() });
    const limit = concurrencyLimitOf(options.concurrency, clock.nowMs());
    this.#limit = limit;
    const onWake = () => this.#dispatcher.pump();
    const onReady = (delivery: Delivery) => this.#dispatcher.enqueue(delivery);
    this.#retries = new IntelligentRetryScheduler({ ...context, options: options.retry, onReady, onWake });
    this.#dispatcher = new Dispatcher({
      clock,
      handler,
      limit,
      meter: this.#health.meter,
      gate: this.#retries.gate,
      onHandled: (delivery) => {
        this.#recorder.handled(delivery);
        this.#poison.returned(delivery);
        this.#failures.onHandled(delivery);
      },
      onFailed: (delivery, error) => {
        this.#recorder.failed(delivery, error);
        this.#health.onFailed(delivery);
        this.#poison.returned(delivery);
        this.#failures.onFailed(delivery);
      },
      onLeftoverReturned: (delivery) =>
        this.#recorder.leftoverReturned(this.#membership.tenureOf(delivery.partition), delivery),
    });
    this.#recorder = new OutcomeRecorder({
      ...context,
      retries: this.#retries,
      retry: options.retry,
      ordering: options.ordering,
      onReady: (delivery) => this.#poison.ready(delivery),
      onRetryDue: (delivery) => this.#poison.due(delivery),
      onChange: () => this.#settler.schedule(),
      poisonReason: (delivery) => this.#poison.reasonOf(delivery),
    });
    this.#poison = new PoisonMessageHandler({
      ...context,
      options: options.poison,
      patienceMs: options.closeTimeoutMs,
      trialLimitMs: options.health.stuckHandlerMs,
      dispatcher: this.#dispatcher,
      recorder: this.#recorder,
      recent: () => this.#health.meter.read(clock.nowMs()),
      renewSoon: () => this.#membership.renewSoon(),
      onFenced: (tenure, fenced) => this.#membership.onFenced(tenure, fenced),
    });
    this.#membership = new Membership({
      ...context,
      links: this.#links,
      idle: (tenure) => this.#dispatcher.idle(tenure),
      flush: () => this.#settler.flush(),
      trim: (tenures) => this.#upkeep.trim(tenures),
      report: () => ({ health: this.#health.report(), ...loadReport(this.#load.load()) }),
      onSeen: (roster, history) => {
        this.#poison.observe(roster.setAside);
        this.#failures.observe(roster, history);
        return this.#health.observe(roster, history) ?? balancer?.propose(roster, clock.nowMs());
      },
      onBegun: (tenure, acquired) => this.#onBegun(tenure, acquired),
      onRenewed: (tenure) => this.#onRenewed(tenure),
      onDeleted: () => this.#closeFor({ kind: 'group-deleted', topic, group }),
      onReplaced: () => this.#closeFor({ kind: 'member-replaced', topic, group, member: options.memberId ?? '' }),
    });
    this.#settler = new Settler({
      ...context,
      delayMs: options.settleDelayMs,
      tenuresByLink: () => this.#membership.tenuresByLink,
      onFenced: (tenure, fenced) => this.#membership.onFenced(tenure, fenced),
      onAnswered: () => this.#membership.onAnswered(),
      refresh: () => directory.refresh(),
    });
    this.#readers = new LogReaders({
      clock,
      prefetchBytes: options.prefetchBytes,
      tenureCount: () => this.#membership.tenures.length,
      onEntry: (tenure, entry) => readEntry(tenure, entry, this.#poison.entrySink),
      onRead: () => this.#dispatcher.pump(),
      refresh: () => directory.refresh(),
    });
    const limitReport = new LimitReport(limit, (from, to) => onEvent({ kind: 'concurrency', topic, group, from, to }));
    this.#load = new LoadMeter({ group, clock, limit, handlers: this.#health.meter, tenures });
    const onRound = () => {
      this.#load.measure();
      limitReport.look();
      this.#poison.look();
      this.#failures.look();
      this.#dispatcher.pump();
    };
    this.#upkeep = new Upkeep({ ...context, retention: options.retention, tenures, onRound });
    this.#stopListening = directory.onChange(() => this.#membership.onDirectoryChange());
  }

  /**
   * Registers the group on every partition, confirmed by the replicas, joins it, and asks once for the partitions that are
   * to be its own: those that are free are read from then on, the others when their owners have handed them over.
   */
  async start(): Promise<void> {
    const { connectTimeoutMs } = this.#context;
    const registration = registrationOf(this.#context, (slot) => this.#links.lease(slot));
    this.#health.start();
    try {
      await registration.complete(connectTimeoutMs, this.#closed.signal);
      await this.#membership.join(connectTimeoutMs);
    } catch (error) {
      throw registration.explain(error);
    }
    if (this.#closed.signal.aborted) return;
    this.#upkeep.start();
  }

  /** Messages whose handlers run now. */
  get inFlight(): number {
    return this.#dispatcher.running;
  }

  /** Handlers that may run at a time: as given, or as adapted so far. */
  get concurrency(): number {
    return this.#limit.lasting;
  }

  /** Partitions that this member owns now. */
  get partitions(): number[] {
    return this.#membership.tenures.map(({ partition }) => partition);
  }

  /** Members of the group as this one knows it, sorted: given ids, or random ones. */
  get members(): string[] {
    return this.#membership.members;
  }

  /** How the members of the group are, as this one sees it. */
  health(): GroupHealth {
    return this.#health.health();
  }

  /** How retries have done so far. */
  retryAnalytics(): RetryAnalytics {
    return this.#retries.analytics();
  }

  /** What the failures that this member has seen have in common, by cause: see docs/guide/failures.md. */
  failurePatterns(): FailurePattern[] {
    return this.#failures.patterns();
  }

  /** Starts no handler until {@link resume}; those that run go on. Keeps its partitions, and reads ahead as far as it may. */
  pause(): void {
    this.#dispatcher.pause();
  }

  resume(): void {
    this.#dispatcher.unpause();
  }

  /** What is to be this member's on the master is, on its present history, or is another one's yet. */
  isCaughtUp(master: Master): boolean {
    return this.#closing !== undefined || this.#membership.isCaughtUp(master);
  }

  /**
   * Takes nothing more, waits for running handlers and until their settlements are recorded (at most
   * `closeTimeoutMs`; what is not recorded then is handled again by the next owner), and gives its partitions back.
   * Twice is safe.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #onBegun(tenure: Tenure, acquired: Acquired): void {
    this.#dispatcher.dropEnded();
    this.#recorder.blockFor(tenure, this.#dispatcher.runningOf(tenure.partition));
    this.#poison.begun(tenure, acquired);
    takeUpRetries(tenure, acquired.retries, this.#poison.retrySink);
    this.#upkeep.show(tenure);
    this.#readers.add(tenure);
  }

  #onRenewed(tenure: Tenure): void {
    this.#dispatcher.resume(tenure);
    this.#poison.renewed(tenure);
    void takeRedriven(tenure, this.#poison.redrivenSink, (one) => this.#readers.hasRoom(one));
  }

  /** The group, or the seat in it, is no more. */
  #closeFor(event: BrokerEvent): void {
    if (this.#closing !== undefined) return;
    this.#context.onEvent(event);
    void this.close();
  }

  #onLinkOpen(link: Link): void {
    this.#readers.onLinkOpen(link);
    this.#membership.onLinkOpen(link);
    this.#settler.flush();
    for (const tenure of this.#membership.tenures) this.#dispatcher.resume(tenure);
    this.#dispatcher.pump();
  }

  async #close(): Promise<void> {
    const { clock, options } = this.#context;
    this.#closed.abort();
    const deadline = new AbortController();
    const passed = pause(clock, options.closeTimeoutMs, deadline.signal);
    this.#upkeep.stop();
    this.#retries.gate.stop();
    this.#health.stop();
    this.#readers.stop();
    this.#poison.stop();
    await Promise.race([Promise.all([this.#dispatcher.stop(), this.#membership.leave()]), passed]);
    this.#settler.stop();
    await Promise.race([this.#membership.release(), passed]);
    deadline.abort();
    this.#stopListening();
    this.#links.close();
    await this.#readers.stopped();
    this.#context.onClosed();
  }
}
