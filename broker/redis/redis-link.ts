import { Redis, type RedisOptions } from 'ioredis';
import { BrokerError } from '../broker-error.js';
import type { CancelTimer } from '../clock.js';
import type { Link, LinkOptions } from './link.js';
import { PendingCommands } from './pending-commands.js';
import { type CommandArgument, encodeCommand, type OnReply, type Reply, WireCommand } from './wire-command.js';

const CONNECT_TIMEOUT_MS = 2_000;
const LOADING_POLL_MS = 100;
const RECONNECT_BASE_MS = 20;
const RECONNECT_CAP_MS = 250;

/**
 * One connection that is open, or is being opened again: never for ever in between.
 *
 * - Nothing is queued or sent again by ioredis: a command is written while the link is open or fails at once, and
 *   whoever sent it decides. (With `autoResendUnfulfilledCommands: false` ioredis 6 forgets what was outstanding on a
 *   broken connection without settling it, so the link keeps the outstanding commands itself.)
 * - A socket that a frozen or unreachable server holds open is noticed by the missing reply and destroyed; `end()` would
 *   wait for the other side's FIN.
 * - The link is open once the server answered INFO and has loaded its data; `history` is then its run id.
 */
export class RedisLink implements Link {
  readonly name: string;
  readonly #options: LinkOptions;
  readonly #redis: Redis;
  readonly #pending = new PendingCommands();
  #history = '';
  #isOpen = false;
  #isEnded = false;
  #lastReplyMs = 0;
  #cancelWatchdog: CancelTimer | undefined;
  #cancelHandshakeDeadline: CancelTimer | undefined;
  #waiters: (() => void)[] = [];
  #lastReason = 'not connected yet';

  constructor(options: LinkOptions) {
    this.name = options.name;
    this.#options = options;
    this.#redis = new Redis(redisOptions(options));
    this.#redis.on('error', (error: Error) => {
      this.#lastReason = error.message;
    });
    this.#redis.on('connect', () => this.#armHandshakeDeadline());
    this.#redis.on('ready', () => this.#greet());
    this.#redis.on('close', () => this.#onClose());
  }

  /** Starts connecting; {@link whenOpen} tells when it is done. */
  start(): this {
    this.#redis.connect().catch(() => {});
    return this;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Closed for good. */
  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** Run id of the server of the current connection (of the last one while closed). */
  get history(): string {
    return this.#history;
  }

  /** Why the link is not open. */
  get lastReason(): string {
    return this.#lastReason;
  }

  /** Resolves when the link is open (`true`), has ended, or `signal` aborts (`false`). */
  async whenOpen(signal?: AbortSignal): Promise<boolean> {
    while (!this.#isOpen && !this.#isEnded && !signal?.aborted) {
      await new Promise<void>((resolve) => {
        const wake = () => {
          signal?.removeEventListener('abort', wake);
          resolve();
        };
        this.#waiters.push(wake);
        signal?.addEventListener('abort', wake, { once: true });
      });
    }
    return this.#isOpen && !signal?.aborted;
  }

  /** Everything sent by `body` leaves in one write. */
  corked(body: () => void): void {
    const stream = this.#redis.stream;
    stream.cork();
    try {
      body();
    } finally {
      stream.uncork();
    }
  }

  /** Writes a command that is in wire format already. `wire` must not change before the reply or the failure. */
  sendWire(name: string, wire: Buffer, onReply: OnReply): void {
    if (!this.#isOpen) {
      onReply(new BrokerError('connection', `${this.name}: ${this.#lastReason}`), null);
      return;
    }
    this.#write(name, wire, onReply);
  }

  send(args: readonly [string, ...CommandArgument[]], onReply: OnReply): void {
    this.sendWire(args[0], encodeCommand(args), onReply);
  }

  call(...args: [string, ...CommandArgument[]]): Promise<Reply> {
    return new Promise((resolve, reject) => {
      this.send(args, (error, reply) => (error ? reject(error) : resolve(reply)));
    });
  }

  /** Tears the connection down at once; it is opened anew. */
  reset(reason: string): void {
    this.#lastReason = reason;
    this.#redis.stream?.destroy();
  }

  /** Closes for good. Outstanding commands fail. Twice is safe. */
  close(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#lastReason = 'closed';
    this.#redis.disconnect();
    this.#redis.stream?.destroy();
    this.#onClose();
  }

  #write(name: string, wire: Buffer, onReply: OnReply): void {
    const command = new WireCommand(name, wire, (error, reply) => {
      this.#pending.dropSettled();
      this.#lastReplyMs = this.#options.clock.nowMs();
      onReply(error, reply);
    });
    if (this.#pending.isEmpty) this.#lastReplyMs = this.#options.clock.nowMs();
    this.#pending.push(command);
    this.#cancelWatchdog ??= this.#watch();
    this.#redis.sendCommand(command.asCommand());
  }

  #watch(): CancelTimer {
    const { clock, replyTimeoutMs } = this.#options;
    return clock.after(replyTimeoutMs / 4, () => {
      this.#cancelWatchdog = undefined;
      if (this.#pending.isEmpty) return;
      if (clock.nowMs() - this.#lastReplyMs > replyTimeoutMs) this.reset(`no reply for ${replyTimeoutMs} ms`);
      else this.#cancelWatchdog = this.#watch();
    });
  }

  #armHandshakeDeadline(): void {
    this.#cancelHandshakeDeadline?.();
    this.#cancelHandshakeDeadline = this.#options.clock.after(CONNECT_TIMEOUT_MS, () => {
      if (!this.#isOpen) this.reset(`no greeting within ${CONNECT_TIMEOUT_MS} ms`);
    });
  }

  #greet(): void {
    this.#write('info', encodeCommand(['INFO']), (error, reply) => {
      if (error || this.#isEnded) return this.reset(error?.message ?? 'closed');
      const info = String(reply);
      if (/^loading:1/m.test(info)) {
        this.#lastReason = 'Redis is loading its data';
        this.#armHandshakeDeadline();
        this.#options.clock.after(LOADING_POLL_MS, () => {
          if (this.#redis.status === 'ready') this.#greet();
        });
        return;
      }
      this.#history = /^run_id:(\w+)/m.exec(info)?.[1] ?? '';
      this.#isOpen = true;
      this.#cancelHandshakeDeadline?.();
      this.#options.onOpen();
      this.#wake();
    });
  }

  #onClose(): void {
    const wasOpen = this.#isOpen;
    this.#isOpen = false;
    this.#cancelWatchdog?.();
    this.#cancelWatchdog = undefined;
    this.#cancelHandshakeDeadline?.();
    const reason = this.#lastReason;
    for (const command of this.#pending.takeAll()) {
      command.reject(new BrokerError('connection', `${this.name}: connection closed (${reason})`));
    }
    if (wasOpen) this.#options.onClosed(reason);
    if (!this.#isEnded && reason === 'closed') this.#lastReason = 'connection closed';
    if (this.#isEnded) this.#wake();
  }

  #wake(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const wake of waiters) wake();
  }
}

function redisOptions({ name, address, random }: LinkOptions): Omit<RedisOptions, 'replyMapping'> {
  return {
    ...address,
    lazyConnect: true,
    connectionName: name,
    disableClientInfo: true,
    enableReadyCheck: false,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: null,
    connectTimeout: CONNECT_TIMEOUT_MS,
    retryStrategy: (times) => RECONNECT_BASE_MS + random() * Math.min(RECONNECT_CAP_MS, RECONNECT_BASE_MS * 2 ** times),
  };
}
