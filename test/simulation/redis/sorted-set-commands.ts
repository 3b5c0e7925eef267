import { type Command, integer, needed } from './command.js';
import { SortedSet } from './sorted-set.js';

export const sortedSetCommands: Readonly<Record<string, Command>> = {
  ZADD: (args, { database, wrote }) => {
    needed(args, 3, 3);
    const [key, score, member] = args as [string, string, string];
    const set = database.made(key, database.sortedSet(key), () => new SortedSet());
    const isNew = !set.scores.has(member);
    set.scores.set(member, integer(score));
    wrote();
    return isNew ? 1 : 0;
  },
  ZSCORE: (args, { database }) => {
    needed(args, 2, 2);
    const [key, member] = args as [string, string];
    const score = database.sortedSet(key)?.scores.get(member);
    return score === undefined ? null : String(score);
  },
  ZRANGEBYSCORE: (args, { database }) => {
    needed(args, 3, 3);
    const [key, low, high] = args as [string, string, string];
    return database.sortedSet(key)?.between(bound(low, 1), bound(high, -1)) ?? [];
  },
  ZREMRANGEBYSCORE: (args, { database, wrote }) => {
    needed(args, 3, 3);
    const [key, low, high] = args as [string, string, string];
    const set = database.sortedSet(key);
    const members = set?.between(bound(low, 1), bound(high, -1)) ?? [];
    for (const member of members) set!.scores.delete(member);
    if (members.length > 0) wrote();
    if (set !== undefined) database.dropIfEmpty(key, set.scores);
    return members.length;
  },
};

/** `-inf`, `+inf`, a score, or `(` and a score, which is out of it: `inwards` is the step that leaves it out. */
function bound(text: string, inwards: 1 | -1): number {
  if (text === '-inf') return Number.NEGATIVE_INFINITY;
  if (text === '+inf') return Number.POSITIVE_INFINITY;
  return text.startsWith('(') ? integer(text.slice(1)) + inwards : integer(text);
}
