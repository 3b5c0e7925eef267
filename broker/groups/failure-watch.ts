import type { OnBrokerEvent } from '../broker-event.js';
import type { Clock } from '../clock.js';
import type { FailurePattern } from '../recovery/patterns/failure-pattern.js';
import { FailurePatternAnalyzer } from '../recovery/patterns/failure-pattern-analyzer.js';
import { kindOf, type ObservedMessage } from '../recovery/patterns/observed.js';
import { PatternWatch } from '../recovery/patterns/pattern-watch.js';
import { PeerContrast } from '../recovery/patterns/peer-contrast.js';
import type { Delivery } from './delivery.js';
import type { GroupHealth } from './health/member-health.js';
import type { Roster } from './roster.js';

export interface FailureWatchOptions {
  readonly topic: string;
  readonly group: string;
  readonly member: string;
  readonly clock: Clock;
  readonly onEvent: OnBrokerEvent;
  /** The group, as this member sees it. */
  health(): GroupHealth;
}

const LOOK_MS = 5_000;

/** Has the analyzer see what becomes of one member's messages, and tells of patterns as they come and go. */
export class FailureWatch {
  readonly #options: FailureWatchOptions;
  readonly #analyzer = new FailurePatternAnalyzer();
  readonly #news = new PatternWatch();
  readonly #peers = new PeerContrast();
  #instances: ReadonlySet<string> | undefined;
  #history: string | undefined;
  #lookedAtMs: number;
  #hasFailures = false;

  constructor(options: FailureWatchOptions) {
    this.#options = options;
    this.#lookedAtMs = options.clock.nowMs();
  }

  /** A handler has returned. */
  onHandled(delivery: Delivery): void {
    if (delivery.failedAttempts > 0) this.#analyzer.recovered(delivery.failures, this.#wallMs);
    else if (this.#analyzer.isNext()) this.#analyzer.passed(this.#observed(delivery), this.#wallMs);
  }

  /** A handling has failed, and is recorded with the message. */
  onFailed(delivery: Delivery): void {
    if (delivery.tenure.isOver) return;
    this.#hasFailures = true;
    this.#analyzer.failed(this.#observed(delivery), delivery.failures, this.#wallMs);
  }

  /** Takes in who is in the group, and on which history of the server: both may be why handlers fail from then on. */
  observe({ seats }: Roster, history: string | undefined): void {
    const instances = new Set([...seats.values()].map(({ instance }) => instance));
    const [before, past] = [this.#instances, this.#history];
    this.#instances = instances;
    this.#history = history ?? past;
    if (past !== undefined && this.#history !== past) this.#analyzer.happened('failover', this.#wallMs);
    const isJoined = before !== undefined && [...instances].some((instance) => !before.has(instance));
    if (isJoined) this.#analyzer.happened('member-joined', this.#wallMs);
  }

  /** To be called about once a second. */
  look(): void {
    const { topic, group, clock, onEvent } = this.#options;
    if (clock.nowMs() - this.#lookedAtMs < LOOK_MS) return;
    this.#lookedAtMs = clock.nowMs();
    this.#compare();
    if (!this.#hasFailures) return;
    for (const news of this.#news.look(this.patterns(), this.#wallMs)) {
      onEvent({ kind: 'failure-pattern', topic, group, ...news });
    }
  }

  patterns(): FailurePattern[] {
    return this.#analyzer.patterns(this.#wallMs, this.#peers.finding(this.#options.member));
  }

  #compare(): void {
    const { member, clock, health } = this.#options;
    const { members } = health();
    const own = members.find((one) => one.member === member)?.vitals;
    const peers = members.flatMap((one) => (one.member === member || one.vitals === undefined ? [] : [one.vitals]));
    if (own !== undefined) this.#peers.look(own, peers, clock.nowMs());
  }

  #observed({ id, key, partition, headers }: Delivery): ObservedMessage {
    return { id, key, partition, consumer: this.#options.member, kind: kindOf(headers) };
  }

  get #wallMs(): number {
    return this.#options.clock.wallMs();
  }
}
