import { BrokerError } from '../../../broker/broker-error.js';
import type { CancelTimer } from '../../../broker/clock.js';
import type { Connection, RedisConnectionOptions } from '../../../broker/redis/redis-connection.js';
import type { OnReply } from '../../../broker/redis/wire-command.js';
import { clientReply, ErrorReply, replyError, type SimReply } from '../redis/reply.js';
import { ServerConnection } from '../redis/server-connection.js';
import type { SimNode } from '../redis/sim-node.js';
import type { SimProcess } from './sim-process.js';
import type { Lane, Wiring } from './wiring.js';

export interface ConnectionWorld {
  readonly wiring: Wiring;
  nodeAt(id: string): SimNode | undefined;
  /** Chance that a connection breaks at this packet: before a command is executed, or after it, without its reply. */
  breaks(): boolean;
  readonly connections: Set<SimConnection>;
}

/** What {@link RedisConnection} is to a real server, with the same watchdogs; the packets go through the {@link Wiring}. */
export class SimConnection implements Connection {
  readonly process: SimProcess;
  readonly node: SimNode;
  readonly #options: RedisConnectionOptions;
  readonly #world: ConnectionWorld;
  readonly #up: Lane;
  readonly #down: Lane;
  readonly #cancelHandshake: CancelTimer;
  #server: ServerConnection | undefined;
  #pending: OnReply[] = [];
  #isReady = false;
  #isOver = false;
  #lastReplyMs = 0;
  #cancelWatchdog: CancelTimer | undefined;

  constructor(options: RedisConnectionOptions, process: SimProcess, world: ConnectionWorld) {
    this.#options = options;
    this.#world = world;
    this.process = process;
    const { address, clock, handshakeTimeoutMs } = options;
    const id = `${address.host}:${address.port}`;
    const node = world.nodeAt(id);
    if (node === undefined) throw new Error(`no node at ${id}`);
    this.node = node;
    this.#up = world.wiring.lane(process.name, id);
    this.#down = world.wiring.lane(id, process.name);
    world.connections.add(this);
    process.onKill(() => this.#hangUp());
    this.#cancelHandshake = clock.after(handshakeTimeoutMs, () => {
      this.#end(`no greeting within ${handshakeTimeoutMs} ms`);
    });
    world.wiring.send(this.#up, () => this.#knock());
  }

  get isUsable(): boolean {
    return this.#isReady && !this.#isOver;
  }

  corked(body: () => void): void {
    body();
  }

  write(_name: string, wire: Buffer, onReply: OnReply): void {
    if (!this.isUsable) {
      onReply(new BrokerError('connection', `${this.#options.name}: not connected`), null);
      return;
    }
    if (this.#pending.length === 0) this.#lastReplyMs = this.#options.clock.nowMs();
    this.#pending.push(onReply);
    this.#cancelWatchdog ??= this.#watch();
    const args = parseWire(wire.toString('latin1'));
    const { wiring } = this.#world;
    if (this.#world.breaks()) this.breakOff('reset before the command');
    else wiring.send(this.#up, () => this.node.deliver(() => this.#server?.receive(args)));
  }

  subscribe(): void {
    throw new Error('nothing is published in the simulation');
  }

  destroy(reason: string): void {
    this.#end(reason);
  }

  /** From here on nothing passes, and nobody is told. */
  silence(): void {
    this.#up.isSilent = true;
    this.#down.isSilent = true;
  }

  /** The way breaks: both sides are told, in their time. */
  breakOff(reason: string): void {
    const { wiring } = this.#world;
    wiring.send(this.#up, () => this.node.deliver(() => this.#server?.closed()));
    wiring.send(this.#down, () => this.process.deliver(() => this.#end(reason)));
  }

  #knock(): void {
    const { wiring } = this.#world;
    const { node } = this;
    if (!node.isUp) {
      wiring.send(this.#down, () => this.process.deliver(() => this.#end('connect ECONNREFUSED')));
      return;
    }
    if (this.#isOver) return;
    this.#server = new ServerConnection(
      node,
      (reply) => this.#onServerReply(reply),
      () => wiring.send(this.#down, () => this.process.deliver(() => this.#end('connection closed'))),
    );
    wiring.send(this.#down, () =>
      this.process.deliver(() => {
        if (this.#isOver) return;
        this.#cancelHandshake();
        this.#isReady = true;
        this.#options.onReady();
      }),
    );
  }

  #onServerReply(reply: SimReply): void {
    if (this.#world.breaks()) this.breakOff('reset before the reply');
    else this.#world.wiring.send(this.#down, () => this.process.deliver(() => this.#onReply(reply)));
  }

  #onReply(reply: SimReply): void {
    if (this.#isOver) return;
    this.#lastReplyMs = this.#options.clock.nowMs();
    const answer = this.#pending.shift()!;
    if (reply instanceof ErrorReply) answer(replyError(reply.text), null);
    else answer(undefined, clientReply(reply));
  }

  #watch(): CancelTimer {
    const { clock, replyTimeoutMs } = this.#options;
    return clock.after(replyTimeoutMs / 4, () => {
      this.#cancelWatchdog = undefined;
      if (this.#pending.length === 0 || this.#isOver) return;
      if (clock.nowMs() - this.#lastReplyMs > replyTimeoutMs) this.#end(`no reply for ${replyTimeoutMs} ms`);
      else this.#cancelWatchdog = this.#watch();
    });
  }

  #end(reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#cancelHandshake();
    this.#cancelWatchdog?.();
    this.#hangUp();
    const outstanding = this.#pending;
    this.#pending = [];
    for (const fail of outstanding) {
      fail(new BrokerError('connection', `${this.#options.name}: connection closed (${reason})`), null);
    }
    this.#options.onClosed({ reason });
  }

  /** What was written before is on its way and still arrives. */
  #hangUp(): void {
    this.#world.connections.delete(this);
    this.#world.wiring.send(this.#up, () => this.node.deliver(() => this.#server?.closed()));
  }
}

/** `*n $len arg ...` */
function parseWire(wire: string): string[] {
  const args: string[] = [];
  let at = wire.indexOf('\r\n') + 2;
  while (at < wire.length) {
    const lineEnd = wire.indexOf('\r\n', at);
    const length = Number(wire.slice(at + 1, lineEnd));
    args.push(wire.slice(lineEnd + 2, lineEnd + 2 + length));
    at = lineEnd + 4 + length;
  }
  return args;
}
