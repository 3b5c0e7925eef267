import type { Command } from 'ioredis';

/** A reply of Redis: every string is a Buffer. */
export type Reply = Buffer | number | null | Reply[];
export type OnReply = (error: Error | undefined, reply: Reply) => void;

/**
 * A command whose bytes are already in wire format. ioredis' own Command copies its arguments once or twice and makes a
 * promise with closures for each; a publish command is written straight from its pooled frame buffer instead, and
 * answers by callback. It has what `Redis#sendCommand` and the reply handler of ioredis 6 use of a command.
 */
export class WireCommand {
  readonly name: string;
  readonly args: readonly never[] = [];
  readonly promise: Promise<undefined> = NEVER_AWAITED;
  isTraced = true;
  isSettled = false;
  readonly #wire: Buffer;
  readonly #onReply: OnReply;

  constructor(name: string, wire: Buffer, onReply: OnReply) {
    this.name = name;
    this.#wire = wire;
    this.#onReply = onReply;
  }

  setReplyContext(): void {}

  toWritable(): Buffer {
    return this.#wire;
  }

  resolve(reply: Reply): void {
    if (this.isSettled) return;
    this.isSettled = true;
    this.#onReply(undefined, reply);
  }

  reject(error: Error): void {
    if (this.isSettled) return;
    this.isSettled = true;
    this.#onReply(error, null);
  }

  asCommand(): Command {
    return this as unknown as Command;
  }
}

const NEVER_AWAITED = Promise.resolve(undefined);

export type CommandArgument = string | Buffer | number;

/** `*n $len arg ...` in one buffer. */
export function encodeCommand(args: readonly CommandArgument[]): Buffer {
  const chunks: Buffer[] = [];
  let text = `*${args.length}\r\n`;
  for (const arg of args) {
    if (typeof arg === 'object') {
      chunks.push(Buffer.from(`${text}$${arg.length}\r\n`), arg);
      text = '\r\n';
    } else {
      const value = String(arg);
      text += `$${Buffer.byteLength(value)}\r\n${value}\r\n`;
    }
  }
  chunks.push(Buffer.from(text));
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
}
