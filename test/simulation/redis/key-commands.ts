import { type Command, type Execution, integer, needed, syntaxError } from './command.js';
import { CommandError } from './database.js';
import { OK, Status } from './reply.js';
import { SortedSet } from './sorted-set.js';
import { Stream } from './stream.js';

/** Strings, sets, expiry, and what is asked of a key of any type. */
export const keyCommands: Readonly<Record<string, Command>> = {
  GET: ([key], { database }) => database.text(key!) ?? null,
  SET: (args, execution) => {
    needed(args, 2);
    const [key, value, ...options] = args as [string, string, ...string[]];
    const { database, nowMs, wrote } = execution;
    let expiresAtMs: number | undefined;
    for (let i = 0; i < options.length; i++) {
      const option = options[i]!.toUpperCase();
      if (option === 'NX' && database.values.has(key)) return null;
      if (option === 'XX' && !database.values.has(key)) return null;
      if (option === 'PX') expiresAtMs = nowMs + integer(options[++i]);
      else if (option === 'EX') expiresAtMs = nowMs + 1000 * integer(options[++i]);
      else if (option === 'PXAT') expiresAtMs = integer(options[++i]);
      else if (option !== 'NX' && option !== 'XX') syntaxError();
    }
    database.delete(key);
    database.values.set(key, value);
    if (expiresAtMs === undefined) wrote('SET', key, value);
    else {
      database.expiresAtMs.set(key, expiresAtMs);
      wrote('SET', key, value, 'PXAT', String(expiresAtMs));
    }
    return OK;
  },
  STRLEN: ([key], { database }) => database.text(key!)?.length ?? 0,
  INCR: ([key], execution) => increment(key!, 1, execution),
  INCRBY: ([key, by], execution) => increment(key!, integer(by), execution),
  DEL: (keys, execution) => remove(keys, execution),
  UNLINK: (keys, execution) => remove(keys, execution),
  EXISTS: (keys, { database }) => keys.filter((key) => database.values.has(key)).length,
  TYPE: ([key], { database }) => {
    const value = database.values.get(key!);
    if (value === undefined) return new Status('none');
    if (typeof value === 'string') return new Status('string');
    if (value instanceof Stream) return new Status('stream');
    if (value instanceof SortedSet) return new Status('zset');
    return new Status(value instanceof Map ? 'hash' : 'set');
  },
  EXPIRE: ([key, seconds], execution) => expireAt(key!, execution.nowMs + 1000 * integer(seconds), execution),
  PEXPIRE: ([key, ms], execution) => expireAt(key!, execution.nowMs + integer(ms), execution),
  PEXPIREAT: ([key, atMs], execution) => expireAt(key!, integer(atMs), execution),
  PERSIST: ([key], { database, wrote }) => {
    if (!database.expiresAtMs.delete(key!)) return 0;
    wrote();
    return 1;
  },
  PTTL: ([key], { database, nowMs }) => {
    if (!database.values.has(key!)) return -2;
    const atMs = database.expiresAtMs.get(key!);
    return atMs === undefined ? -1 : Math.max(0, Math.round(atMs - nowMs));
  },
  SADD: (args, { database, wrote }) => {
    needed(args, 2);
    const [key, ...members] = args as [string, ...string[]];
    const set = database.made(key, database.set(key), () => new Set<string>());
    const before = set.size;
    for (const member of members) set.add(member);
    if (set.size > before) wrote();
    return set.size - before;
  },
  SREM: (args, { database, wrote }) => {
    needed(args, 2);
    const [key, ...members] = args as [string, ...string[]];
    const set = database.set(key);
    if (set === undefined) return 0;
    const removed = members.filter((member) => set.delete(member)).length;
    if (removed > 0) wrote();
    database.dropIfEmpty(key, set);
    return removed;
  },
  SISMEMBER: ([key, member], { database }) => (database.set(key!)?.has(member!) ? 1 : 0),
  SMISMEMBER: ([key, ...members], { database }) => members.map((member) => (database.set(key!)?.has(member) ? 1 : 0)),
  SMEMBERS: ([key], { database }) => [...(database.set(key!) ?? [])],
  SCARD: ([key], { database }) => database.set(key!)?.size ?? 0,
};

function increment(key: string, by: number, { database, wrote }: Execution): number {
  const stored = database.text(key) ?? '0';
  if (!/^-?\d+$/.test(stored)) throw new CommandError('ERR value is not an integer or out of range');
  database.values.set(key, String(Number(stored) + by));
  wrote();
  return Number(stored) + by;
}

function remove(keys: readonly string[], { database, wrote }: Execution): number {
  const removed = keys.filter((key) => database.delete(key)).length;
  if (removed > 0) wrote();
  return removed;
}

function expireAt(key: string, atMs: number, { database, wrote }: Execution): number {
  if (!database.values.has(key)) return 0;
  database.expiresAtMs.set(key, atMs);
  wrote('PEXPIREAT', key, String(atMs));
  return 1;
}
