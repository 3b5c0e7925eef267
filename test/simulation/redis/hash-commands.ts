import { type Command, integer, needed } from './command.js';

export const hashCommands: Readonly<Record<string, Command>> = {
  HGET: ([key, field], { database }) => database.hash(key!)?.get(field!) ?? null,
  HMGET: ([key, ...fields], { database }) => fields.map((field) => database.hash(key!)?.get(field) ?? null),
  HGETALL: ([key], { database }) => [...(database.hash(key!) ?? [])].flat(),
  HKEYS: ([key], { database }) => [...(database.hash(key!)?.keys() ?? [])],
  HVALS: ([key], { database }) => [...(database.hash(key!)?.values() ?? [])],
  HLEN: ([key], { database }) => database.hash(key!)?.size ?? 0,
  HEXISTS: ([key, field], { database }) => (database.hash(key!)?.has(field!) ? 1 : 0),
  HSTRLEN: ([key, field], { database }) => database.hash(key!)?.get(field!)?.length ?? 0,
  HSET: (args, { database, wrote }) => {
    needed(args, 3);
    const [key, ...pairs] = args as [string, ...string[]];
    needed(pairs, pairs.length + (pairs.length % 2));
    const hash = database.made(key, database.hash(key), () => new Map<string, string>());
    let added = 0;
    for (let i = 0; i < pairs.length; i += 2) {
      if (!hash.has(pairs[i]!)) added++;
      hash.set(pairs[i]!, pairs[i + 1]!);
    }
    wrote();
    return added;
  },
  HSETNX: (args, { database, wrote }) => {
    needed(args, 3, 3);
    const [key, field, value] = args as [string, string, string];
    if (database.hash(key)?.has(field)) return 0;
    database.made(key, database.hash(key), () => new Map<string, string>()).set(field, value);
    wrote();
    return 1;
  },
  HDEL: (args, { database, wrote }) => {
    needed(args, 2);
    const [key, ...fields] = args as [string, ...string[]];
    const hash = database.hash(key);
    if (hash === undefined) return 0;
    const removed = fields.filter((field) => hash.delete(field)).length;
    if (removed > 0) wrote();
    database.dropIfEmpty(key, hash);
    return removed;
  },
  HINCRBY: (args, { database, wrote }) => {
    needed(args, 3, 3);
    const [key, field, by] = args as [string, string, string];
    const hash = database.made(key, database.hash(key), () => new Map<string, string>());
    const value = integer(hash.get(field) ?? '0') + integer(by);
    hash.set(field, String(value));
    wrote();
    return value;
  },
};
