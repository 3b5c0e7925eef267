import { BrokerError } from '../broker-error.js';
import type { CancelTimer } from '../clock.js';
import { parseGreeting } from './greeting.js';
import type { Link, LinkOptions } from './link.js';
import { type Connection, type ConnectionEnd, type OpenConnection, RedisConnection } from './redis-connection.js';
import { isDemotion, refusalOf } from './refusal.js';
import { type ProbeTls, probeTls } from './tls-probe.js';
import { type CommandArgument, encodeCommand, type OnReply, type Reply } from './wire-command.js';

/**
 * An attempt that is not answered does not hold up the next one: where a server or the way to it swallows everything for a
 * while, the first connection after that while must not come late. So attempts overlap, and the first to be greeted wins.
 */
const ATTEMPT_EVERY_MS = 400;
const HANDSHAKE_TIMEOUT_MS = 2_000;
const BACKOFF_BASE_MS = 20;
const BACKOFF_CAP_MS = 250;

/** Channels to listen to on the same connection, each time it is opened. */
interface Subscription {
  readonly channels: readonly string[];
  onMessage(channel: string, message: string): void;
}

/** Tests simulate both. */
export interface LinkParts {
  readonly openConnection: OpenConnection;
  readonly probeTls: ProbeTls;
}

const REAL_PARTS: LinkParts = { openConnection: (options) => new RedisConnection(options), probeTls };

/**
 * The {@link Link} to a real server. It is open once the server has answered INFO, has loaded its data, and is not refused.
 * Nothing is queued or sent again: a command is written while the link is open or fails at once, and whoever sent it decides.
 */
export class RedisLink implements Link {
  readonly name: string;
  readonly #options: LinkOptions;
  readonly #subscription: Subscription | undefined;
  readonly #parts: LinkParts;
  readonly #attempts = new Set<Connection>();
  #connection: Connection | undefined;
  #history = '';
  #isEnded = false;
  #failures = 0;
  #cancelNextAttempt: CancelTimer | undefined;
  #waiters = new Set<() => void>();
  #lastReason = 'not connected yet';
  /** A server that has greeted once speaks as it is spoken to. */
  #wasGreeted = false;
  #cancelProbe: CancelTimer | undefined;
  #mismatch: BrokerError | undefined;

  constructor(options: LinkOptions, subscription?: Subscription, parts: LinkParts = REAL_PARTS) {
    this.name = options.name;
    this.#options = options;
    this.#parts = parts;
    this.#subscription = subscription;
    this.#attempt();
  }

  get isOpen(): boolean {
    return this.#connection?.isUsable === true;
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  get history(): string {
    return this.#history;
  }

  get lastReason(): string {
    return this.#lastReason;
  }

  async whenOpen(signal?: AbortSignal): Promise<boolean> {
    while (!this.isOpen && !this.#isEnded && !signal?.aborted) {
      await new Promise<void>((resolve) => {
        const wake = () => {
          signal?.removeEventListener('abort', wake);
          this.#waiters.delete(wake);
          resolve();
        };
        this.#waiters.add(wake);
        signal?.addEventListener('abort', wake, { once: true });
      });
    }
    return this.isOpen && !signal?.aborted;
  }

  corked(body: () => void): void {
    if (this.#connection === undefined) body();
    else this.#connection.corked(body);
  }

  sendWire(name: string, wire: Buffer, onReply: OnReply): void {
    const connection = this.#connection;
    if (connection === undefined || !connection.isUsable) {
      onReply(new BrokerError('connection', `${this.name}: ${this.#lastReason}`), null);
      return;
    }
    connection.write(name, wire, (error, reply) => {
      onReply(error, reply);
      if (error !== undefined && isDemotion(error)) connection.destroy(error.message);
    });
  }

  send(args: readonly [string, ...CommandArgument[]], onReply: OnReply): void {
    this.sendWire(args[0], encodeCommand(args), onReply);
  }

  call(...args: [string, ...CommandArgument[]]): Promise<Reply> {
    return new Promise((resolve, reject) => {
      this.send(args, (error, reply) => (error ? reject(error) : resolve(reply)));
    });
  }

  reset(reason: string): void {
    this.#connection?.destroy(reason);
  }

  close(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#lastReason = 'closed';
    this.#cancelNextAttempt?.();
    this.#cancelProbe?.();
    for (const attempt of [...this.#attempts]) attempt.destroy('closed');
    this.#connection?.destroy('closed');
    this.#wake();
  }

  #attempt(): void {
    if (this.#isEnded || this.isOpen) return;
    const { address, replyTimeoutMs, clock, random } = this.#options;
    const connection: Connection = this.#parts.openConnection({
      name: this.name,
      address,
      handshakeTimeoutMs: HANDSHAKE_TIMEOUT_MS,
      replyTimeoutMs,
      clock,
      onReady: () => this.#greet(connection),
      onClosed: (end) => this.#onClosed(connection, end),
    });
    if (this.#attempts.size > 0) this.#suspectTls();
    this.#attempts.add(connection);
    this.#nextAttemptAfter(ATTEMPT_EVERY_MS * (0.75 + random() / 2));
  }

  #nextAttemptAfter(ms: number): void {
    this.#cancelNextAttempt?.();
    this.#cancelNextAttempt = this.#options.clock.after(ms, () => this.#attempt());
  }

  #greet(connection: Connection): void {
    connection.write('info', encodeCommand(['INFO']), (error, reply) => {
      if (!this.#attempts.has(connection)) return;
      if (error !== undefined) return connection.destroy(error.message, refusalOf(error, this.#options.address));
      const greeting = parseGreeting(String(reply));
      const refused = typeof greeting === 'string' ? greeting : this.#options.refuse?.(greeting);
      if (typeof greeting === 'string' || refused !== undefined) return connection.destroy(refused ?? '');
      this.#attempts.delete(connection);
      this.#connection = connection;
      this.#history = greeting.history;
      this.#failures = 0;
      this.#wasGreeted = true;
      this.#cancelNextAttempt?.();
      this.#cancelProbe?.();
      this.#mismatch = undefined;
      for (const attempt of [...this.#attempts]) attempt.destroy('another one was greeted first');
      if (this.#subscription !== undefined) {
        connection.subscribe(this.#subscription.channels, this.#subscription.onMessage);
      }
      this.#options.onOpen();
      this.#wake();
    });
  }

  #onClosed(connection: Connection, { reason, refusal: given, wasMute }: ConnectionEnd): void {
    const wasOpen = this.#connection === connection;
    if (wasOpen) this.#connection = undefined;
    this.#attempts.delete(connection);
    if (this.isOpen) return;
    if (wasMute) this.#suspectTls();
    const refusal = given ?? (wasMute ? this.#mismatch : undefined);
    if (!this.#isEnded) this.#lastReason = refusal?.message ?? reason;
    if (wasOpen) this.#options.onClosed(reason);
    if (this.#isEnded) return;
    if (refusal !== undefined) this.#options.onRefused?.(refusal);
    this.#failures++;
    const capMs = Math.min(BACKOFF_CAP_MS, BACKOFF_BASE_MS * 2 ** this.#failures);
    this.#nextAttemptAfter(BACKOFF_BASE_MS + this.#options.random() * (capMs - BACKOFF_BASE_MS));
  }

  /** Nothing was said: to who never did, it is put the other way. The attempts go on meanwhile, as they were. */
  #suspectTls(): void {
    if (this.#wasGreeted || this.#isEnded || this.#cancelProbe !== undefined) return;
    const { address, clock, onRefused } = this.#options;
    this.#cancelProbe = this.#parts.probeTls(address, clock, (mismatch) => {
      this.#cancelProbe = undefined;
      if (mismatch === undefined || this.#wasGreeted || this.#isEnded) return;
      this.#mismatch = mismatch;
      this.#lastReason = mismatch.message;
      onRefused?.(mismatch);
    });
  }

  #wake(): void {
    for (const wake of [...this.#waiters]) wake();
  }
}
