import type { Reply } from '../../../broker/redis/wire-command.js';

/** A reply of the simulated server; strings hold bytes (latin1). */
export type SimReply = string | number | null | Status | ErrorReply | SimReply[];

export class Status {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

export class ErrorReply {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

export const OK = new Status('OK');

/** What a client's parser makes of it. An error inside an array does not occur: nothing simulated uses MULTI. */
export function clientReply(reply: SimReply): Reply {
  if (typeof reply === 'string') return Buffer.from(reply, 'latin1');
  if (reply instanceof Status) return Buffer.from(reply.text, 'latin1');
  if (reply instanceof ErrorReply) throw replyError(reply.text);
  return Array.isArray(reply) ? reply.map(clientReply) : reply;
}

export function replyError(text: string): Error {
  const error = new Error(text);
  error.name = 'ReplyError';
  return error;
}
