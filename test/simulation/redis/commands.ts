import { type Command, type Execution, needed } from './command.js';
import { CommandError } from './database.js';
import { hashCommands } from './hash-commands.js';
import { keyCommands } from './key-commands.js';
import { ErrorReply, type SimReply } from './reply.js';
import { serverCommands } from './server-commands.js';
import { sortedSetCommands } from './sorted-set-commands.js';
import { streamCommands } from './stream-commands.js';

const COMMANDS = new Map<string, Command>(
  Object.entries({ ...hashCommands, ...keyCommands, ...sortedSetCommands, ...streamCommands, ...serverCommands }),
);
const KEYLESS = new Set(Object.keys(serverCommands));

const WRITES = new Set(
  (
    'HSET HSETNX HDEL HINCRBY SET INCR INCRBY DEL UNLINK EXPIRE PEXPIRE PEXPIREAT PERSIST SADD SREM ' +
    'XADD XTRIM XDEL XGROUP ZADD ZREMRANGEBYSCORE'
  ).split(' '),
);

export function isWrite(name: string): boolean {
  return WRITES.has(name);
}

/** Nobody has simulated this command: no reply of Redis, but a failure of the whole schedule. */
export class UnknownCommand extends Error {
  override readonly name = 'UnknownCommand';
}

/** Executes one command on the keys. Blocking, scripts, WAIT and roles are the node's. */
export function execute(args: readonly string[], execution: Execution): SimReply {
  const name = args[0]!.toUpperCase();
  const command = COMMANDS.get(name);
  if (command === undefined) throw new UnknownCommand(`command '${args.join(' ').slice(0, 200)}' is not simulated`);
  try {
    if (!KEYLESS.has(name)) needed(args, 2);
    return command(args.slice(1), execution);
  } catch (error) {
    if (error instanceof CommandError) return new ErrorReply(error.message);
    throw error;
  }
}
