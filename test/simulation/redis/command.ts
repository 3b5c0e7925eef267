import { CommandError, type Database } from './database.js';
import type { SimReply } from './reply.js';

/** What a command sees of the node that executes it. */
export interface Execution {
  readonly database: Database;
  /** Server clock. */
  readonly nowMs: number;
  readonly nowUs: number;
  /** Tells that the command changed something, and how replicas repeat the change (default: the same command). */
  wrote(...effect: string[]): void;
  info(section: string | undefined): string;
  config(pattern: string): string[];
}

/** Arguments without the command's name. */
export type Command = (args: readonly string[], execution: Execution) => SimReply;

export function syntaxError(): never {
  throw new CommandError('ERR syntax error');
}

export function needed(args: readonly string[], least: number, most = Number.POSITIVE_INFINITY): void {
  if (args.length < least || args.length > most) throw new CommandError('ERR wrong number of arguments');
}

export function integer(text: string | undefined): number {
  if (text === undefined || !/^-?\d+$/.test(text)) {
    throw new CommandError('ERR value is not an integer or out of range');
  }
  return Number(text);
}
