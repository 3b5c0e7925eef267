import type { Link } from '../redis/link.js';
import { parseReplicationInfo } from '../redis/replication-info.js';
import { encodeCommand } from '../redis/wire-command.js';
import type { ReplicaAnswer } from './replica-need.js';

/**
 * The command that waits for replicas behind what was written on the same link: `WAIT`, or `WAITAOF` where the disk has to
 * have it too and the server knows that command (from 7.2; before, `appendfsync always` is what puts it there).
 */
export class ReplicaWait {
  readonly #link: Link;
  readonly #timeoutMs: number;
  /** Undefined while it is not known. */
  #isDiskAwaited: boolean | undefined;
  readonly #mayAwaitDisk: boolean;
  readonly #commands: Buffer[] = [];

  constructor(link: Link, mayAwaitDisk: boolean, timeoutMs: number) {
    this.#link = link;
    this.#timeoutMs = timeoutMs;
    this.#mayAwaitDisk = mayAwaitDisk;
    if (!mayAwaitDisk) this.#isDiskAwaited = false;
  }

  get isKnown(): boolean {
    return this.#isDiskAwaited !== undefined;
  }

  /** Asks the server that the link leads to now which command it knows, where that matters. */
  probe(onKnown: () => void): void {
    if (!this.#mayAwaitDisk) {
      onKnown();
      return;
    }
    this.#isDiskAwaited = undefined;
    this.#commands.length = 0;
    this.#link.send(['COMMAND', 'INFO', 'WAITAOF'], (error, reply) => {
      // Without an answer the connection is gone: asked again when it is back. A refusal decides nothing: the stronger one.
      if (error !== undefined && !this.#link.isOpen) return;
      this.#isDiskAwaited = error !== undefined || (Array.isArray(reply) && reply[0] !== null);
      onKnown();
    });
  }

  /** `onWaited` gets the number of replicas that hold everything written on the link so far; -1: the master's disk does not. */
  send(replicas: number, onWaited: (error: Error | undefined, confirmed: number) => void): void {
    this.#commands[replicas] ??= this.#encode(replicas);
    this.#link.sendWire('wait', this.#commands[replicas], (error, reply) => {
      if (error !== undefined) onWaited(error, -1);
      else if (Array.isArray(reply)) onWaited(undefined, Number(reply[0]) >= 1 ? Number(reply[1]) : -1);
      else onWaited(undefined, Number(reply));
    });
  }

  /** The same, for {@link ReplicaNeed.judge}: where fewer than all count, the master is asked behind it how many it hears. */
  ask(needed: number, isReduced: boolean, onAnswer: (error: Error | undefined, answer: ReplicaAnswer) => void): void {
    if (!isReduced) {
      this.send(needed, (error, confirmed) => onAnswer(error, { needed, confirmed, heard: undefined }));
      return;
    }
    let failure: Error | undefined;
    let confirmed = -1;
    this.send(needed, (error, count) => {
      failure = error;
      confirmed = count;
    });
    this.#link.send(['INFO', 'replication'], (error, reply) => {
      failure ??= error;
      const heard = failure === undefined ? parseReplicationInfo(String(reply)).heard.length : 0;
      onAnswer(failure, { needed, confirmed, heard });
    });
  }

  #encode(replicas: number): Buffer {
    if (this.#isDiskAwaited) return encodeCommand(['WAITAOF', 1, replicas, this.#timeoutMs]);
    return encodeCommand(['WAIT', replicas, this.#timeoutMs]);
  }
}
