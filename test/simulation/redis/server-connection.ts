import type { CancelTimer } from '../../../broker/clock.js';
import { ErrorReply, type SimReply } from './reply.js';
import type { SimNode } from './sim-node.js';
import { type ReadRequest, read, readRequest } from './stream-commands.js';

const UNBLOCKED = 'UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)';

/** A client's connection, seen from the server: one command at a time, in order. */
export class ServerConnection {
  readonly #node: SimNode;
  readonly #answer: (reply: SimReply) => void;
  readonly #onDropped: () => void;
  readonly #queue: (readonly string[])[] = [];
  #unblock: ((reply: SimReply) => void) | undefined;
  #reading: ReadRequest | undefined;
  #isOpen = true;
  #writtenOffset = 0;

  constructor(node: SimNode, answer: (reply: SimReply) => void, onDropped: () => void) {
    this.#node = node;
    this.#answer = answer;
    this.#onDropped = onDropped;
    node.connections.add(this);
  }

  /** A command has arrived. It is executed also where the client has gone meanwhile: its bytes were on their way. */
  receive(args: readonly string[]): void {
    this.#queue.push(args);
    this.#process();
  }

  /** The client has closed. */
  closed(): void {
    this.#isOpen = false;
    this.#unblock?.(null);
    this.#node.connections.delete(this);
  }

  /** The server closes. */
  drop(): void {
    if (!this.#isOpen) return;
    this.closed();
    this.#onDropped();
  }

  onDemoted(): void {
    if (this.#unblock === undefined) return;
    this.#unblock(new ErrorReply(UNBLOCKED));
    this.drop();
  }

  onKeysChanged(keys: readonly string[]): void {
    const request = this.#reading;
    if (request === undefined || !request.streams.some(({ key }) => keys.includes(key))) return;
    const reply = read(request, this.#node);
    if (reply !== null) this.#unblock?.(reply);
  }

  #process(): void {
    while (this.#unblock === undefined && this.#queue.length > 0) {
      const args = this.#queue.shift()!;
      switch (args[0]!.toUpperCase()) {
        case 'WAIT':
          this.#wait(Number(args[1]), Number(args[2]));
          break;
        case 'XREAD':
          this.#read(args.slice(1));
          break;
        default:
          this.#perform(args);
      }
    }
  }

  #perform(args: readonly string[]): void {
    const { replication, options } = this.#node;
    const before = replication.offset;
    const reply = this.#node.perform(args);
    if (options.waitsFor === 'all' || replication.offset > before) this.#writtenOffset = replication.offset;
    this.#reply(reply);
  }

  #reply(reply: SimReply): void {
    if (this.#isOpen) this.#answer(reply);
  }

  #wait(count: number, timeoutMs: number): void {
    const { replication } = this.#node;
    if (!replication.isMaster) {
      this.#reply(new ErrorReply('ERR WAIT cannot be used with replica instances.'));
      return;
    }
    const confirmed = replication.confirmedBy(this.#writtenOffset);
    if (confirmed >= count) {
      this.#reply(confirmed);
      return;
    }
    const offset = this.#writtenOffset;
    const finish = this.#block(timeoutMs, () => replication.confirmedBy(offset));
    const forget = replication.wait(offset, count, (answered) => {
      finish(answered < 0 ? new ErrorReply(UNBLOCKED) : answered);
      if (answered < 0) this.drop();
    });
    this.#onUnblocked = forget;
  }

  #read(args: readonly string[]): void {
    const request = readRequest(args, this.#node as never);
    const reply = read(request, this.#node);
    if (reply !== null || request.blockMs === undefined) {
      this.#reply(reply);
      return;
    }
    this.#reading = request;
    this.#block(request.blockMs, () => null);
  }

  #onUnblocked: (() => void) | undefined;

  /** Holds the commands behind this one back until the returned function is called, or the time is over. */
  #block(timeoutMs: number, onTimeout: () => SimReply): (reply: SimReply) => void {
    let cancel: CancelTimer = () => {};
    const finish = (reply: SimReply) => {
      if (this.#unblock !== finish) return;
      cancel();
      this.#unblock = undefined;
      this.#reading = undefined;
      this.#onUnblocked?.();
      this.#onUnblocked = undefined;
      this.#reply(reply);
      this.#process();
    };
    this.#unblock = finish;
    if (timeoutMs > 0) {
      const { scheduler } = this.#node.options;
      cancel = scheduler.after(timeoutMs, () => this.#node.deliver(() => finish(onTimeout())));
    }
    return finish;
  }
}
