import { Redis } from 'ioredis';
import { BrokerError } from '../broker-error.js';
import type { CancelTimer, Clock } from '../clock.js';
import type { RedisAddress } from './link.js';
import { PendingCommands } from './pending-commands.js';
import { refusalOf } from './refusal.js';
import { serverName } from './tls-probe.js';
import { type OnReply, WireCommand } from './wire-command.js';

export interface ConnectionEnd {
  readonly reason: string;
  /** Why opening another connection cannot help. */
  readonly refusal?: BrokerError | undefined;
  /** It was accepted, and ended without a greeting: the server or a proxy is not ready, or TLS is on at one end only. */
  readonly wasMute?: boolean;
}

export interface RedisConnectionOptions {
  readonly name: string;
  readonly address: RedisAddress;
  /** From the first packet to the end of the handshake. */
  readonly handshakeTimeoutMs: number;
  readonly replyTimeoutMs: number;
  readonly clock: Clock;
  /** The handshake is done: commands may be written. */
  onReady(): void;
  /** Called once. */
  onClosed(end: ConnectionEnd): void;
}

/** One connection to one server, from connecting to its end; it is never opened again. */
export interface Connection {
  /** Commands may be written. */
  readonly isUsable: boolean;
  /** Everything written by `body` leaves in one write. */
  corked(body: () => void): void;
  write(name: string, wire: Buffer, onReply: OnReply): void;
  /** Published messages of these channels; the connection takes no other commands where the server speaks RESP2 only. */
  subscribe(channels: readonly string[], onMessage: (channel: string, message: string) => void): void;
  /** Ends it at once. Outstanding commands fail. Twice is safe. */
  destroy(reason: string, refusal?: BrokerError): void;
}

/** Tests simulate connections. */
export type OpenConnection = (options: RedisConnectionOptions) => Connection;

/**
 * A socket, by ioredis.
 *
 * - With `autoResendUnfulfilledCommands: false` ioredis 6 forgets what was outstanding on a broken connection without
 *   settling it, so the outstanding commands are kept here.
 * - A socket that a frozen or unreachable server holds open is noticed by the missing reply and destroyed; `end()` would
 *   wait for the other side's FIN.
 */
export class RedisConnection implements Connection {
  readonly #options: RedisConnectionOptions;
  readonly #redis: Redis;
  readonly #pending = new PendingCommands();
  readonly #cancelHandshake: CancelTimer;
  #isReady = false;
  #isOver = false;
  #lastReplyMs = 0;
  #cancelWatchdog: CancelTimer | undefined;

  constructor(options: RedisConnectionOptions) {
    this.#options = options;
    const { address, name, clock, handshakeTimeoutMs } = options;
    const { tls, ...rest } = address;
    this.#redis = new Redis({
      ...rest,
      ...(tls ? { tls: tls === true ? serverName(address.host) : tls } : {}),
      lazyConnect: true,
      connectionName: name,
      disableClientInfo: true,
      enableReadyCheck: false,
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: null,
      // The timer below does it, by the clock that everything else goes by.
      connectTimeout: 0,
      retryStrategy: () => null,
    });
    this.#redis.on('error', (error: NodeJS.ErrnoException) => {
      const refusal = refusalOf(error, address);
      if (refusal === undefined && !this.#isReady && isClosing(error)) this.#endMute();
      else this.#end({ reason: error.message, refusal });
    });
    this.#redis.on('ready', () => {
      if (this.#isOver) return;
      this.#cancelHandshake();
      this.#isReady = true;
      // Before ioredis' own listener, which would fail what is outstanding in its own way.
      this.#redis.stream.prependOnceListener('close', () => this.#end({ reason: 'connection closed' }));
      options.onReady();
    });
    this.#redis.on('close', () => this.#endMute());
    this.#cancelHandshake = clock.after(handshakeTimeoutMs, () => {
      const what = tls ? 'no TLS greeting (is it a port without TLS?)' : 'no greeting';
      this.#end({ reason: `${what} within ${handshakeTimeoutMs} ms`, wasMute: true });
    });
    this.#redis.connect().catch(() => {});
  }

  get isUsable(): boolean {
    return this.#isReady && !this.#isOver;
  }

  corked(body: () => void): void {
    const stream = this.#redis.stream;
    stream.cork();
    try {
      body();
    } finally {
      stream.uncork();
    }
  }

  write(name: string, wire: Buffer, onReply: OnReply): void {
    if (!this.isUsable) {
      onReply(new BrokerError('connection', `${this.#options.name}: not connected`), null);
      return;
    }
    const { clock } = this.#options;
    const command = new WireCommand(name, wire, (error, reply) => {
      this.#pending.dropSettled();
      this.#lastReplyMs = clock.nowMs();
      onReply(error, reply);
    });
    if (this.#pending.isEmpty) this.#lastReplyMs = clock.nowMs();
    this.#pending.push(command);
    this.#cancelWatchdog ??= this.#watch();
    this.#redis.sendCommand(command.asCommand());
  }

  subscribe(channels: readonly string[], onMessage: (channel: string, message: string) => void): void {
    this.#redis.on('message', onMessage);
    this.#redis.subscribe(...channels).catch((error: Error) => this.#end({ reason: error.message }));
  }

  destroy(reason: string, refusal?: BrokerError): void {
    this.#end({ reason, refusal });
  }

  #watch(): CancelTimer {
    const { clock, replyTimeoutMs } = this.#options;
    const dueMs = clock.nowMs() + replyTimeoutMs / 4;
    return clock.after(replyTimeoutMs / 4, () => {
      this.#cancelWatchdog = undefined;
      if (this.#pending.isEmpty || this.#isOver) return;
      const nowMs = clock.nowMs();
      // Late itself, this process has slept: the reply may lie in the socket already, and is read before the next look.
      const hasSlept = nowMs - dueMs > replyTimeoutMs / 2;
      if (!hasSlept && nowMs - this.#lastReplyMs > replyTimeoutMs)
        this.#end({ reason: `no reply for ${replyTimeoutMs} ms` });
      else this.#cancelWatchdog = this.#watch();
    });
  }

  /** Before the handshake is done nothing tells a server that is not ready yet from one that expects something else. */
  #endMute(): void {
    const { tls } = this.#options.address;
    const other = tls ? `it does not speak TLS (leave 'tls' out)` : `it expects TLS (set 'tls')`;
    const reason = `closed before any greeting: it is starting, a proxy has no server behind it, or ${other}`;
    this.#end({ reason, wasMute: true });
  }

  #end(end: ConnectionEnd): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#cancelHandshake();
    this.#cancelWatchdog?.();
    this.#redis.disconnect();
    this.#redis.stream?.destroy();
    for (const command of this.#pending.takeAll()) {
      command.reject(new BrokerError('connection', `${this.#options.name}: connection closed (${end.reason})`));
    }
    this.#options.onClosed(end);
  }
}

/** The other side has closed, politely or not; not that it could not be reached or resolved. */
function isClosing({ code, syscall }: NodeJS.ErrnoException): boolean {
  return (code === 'ECONNRESET' || code === 'EPIPE') && syscall !== 'connect';
}
