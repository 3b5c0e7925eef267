import { type Command, type Execution, integer, needed, syntaxError } from './command.js';
import { CommandError } from './database.js';
import { OK, type SimReply } from './reply.js';
import {
  compareIds,
  type EntryId,
  idText,
  parseBound,
  parseId,
  Stream,
  type StreamEntry,
  type StreamGroup,
  ZERO_ID,
} from './stream.js';

const BAD_ID = 'ERR Invalid stream ID specified as stream command argument';
const TOO_SMALL = 'ERR The ID specified in XADD is equal or smaller than the target stream top item';

export const streamCommands: Readonly<Record<string, Command>> = {
  XADD: (args, { database, nowMs, wrote }) => {
    const [key, ...rest] = args as [string, ...string[]];
    let at = 0;
    const isOnlyForExisting = /^NOMKSTREAM$/i.test(rest[at] ?? '');
    if (isOnlyForExisting) at++;
    const isEmptied = /^MAXLEN = 0$/i.test(rest.slice(at, at + 3).join(' '));
    if (isEmptied) at += 3;
    if (/^(NOMKSTREAM|MAXLEN|MINID|LIMIT)$/i.test(rest[at] ?? '')) throw new CommandError('ERR option not simulated');
    const idArgument = rest[at++];
    const fields = rest.slice(at);
    if (idArgument === undefined || fields.length === 0 || fields.length % 2 === 1) {
      throw new CommandError("ERR wrong number of arguments for 'xadd' command");
    }
    const found = database.stream(key);
    if (found === undefined && isOnlyForExisting) return null;
    const last = found?.lastId ?? ZERO_ID;
    const id = idArgument === '*' ? (found ?? new Stream()).nextId(Math.floor(nowMs)) : strictId(idArgument);
    if (compareIds(id, last) <= 0) throw new CommandError(TOO_SMALL);
    const stream = database.made(key, found, () => new Stream());
    stream.append(id, fields);
    if (isEmptied) stream.trimBelow({ ms: id.ms, seq: id.seq + 1 });
    wrote('XADD', key, ...(isEmptied ? ['MAXLEN', '=', '0'] : []), idText(id), ...fields);
    return idText(id);
  },
  XLEN: ([key], { database }) => database.stream(key!)?.entries.length ?? 0,
  XRANGE: (args, execution) => range(args, false, execution),
  XREVRANGE: ([key, to, from, ...rest], execution) => range([key!, from!, to!, ...rest], true, execution),
  XTRIM: (args, { database, wrote }) => {
    const [key, strategy, ...rest] = args as [string, string, ...string[]];
    const bound = rest[0] === '=' || rest[0] === '~' ? rest[1] : rest[0];
    const stream = database.stream(key);
    // About so many: whole nodes only, of which there is none to spare.
    if (/^MAXLEN$/i.test(strategy) && rest[0] === '~' && (stream?.entries.length ?? 0) <= Number(bound)) return 0;
    if (strategy.toUpperCase() !== 'MINID') throw new CommandError(`ERR XTRIM ${strategy} is not simulated`);
    const id = parseId(bound ?? '');
    if (id === undefined) throw new CommandError(BAD_ID);
    const removed = stream?.trimBelow(id) ?? 0;
    if (removed > 0) wrote();
    return removed;
  },
  XDEL: ([key, ...ids], { database, wrote }) => {
    const stream = database.stream(key!);
    const removed = ids.filter((id) => stream?.delete(strictId(id))).length;
    if (removed > 0) wrote();
    return removed;
  },
  XINFO: ([what, key], { database }) => {
    const stream = database.stream(key!);
    if (!/^(STREAM|GROUPS)$/i.test(what ?? '')) throw new CommandError(`ERR XINFO ${what} is not simulated`);
    if (stream === undefined) throw new CommandError('ERR no such key');
    const { entries, lastId, entriesAdded, groups } = stream;
    if (what!.toUpperCase() === 'GROUPS') return [...groups].map((group) => groupReply(group, entriesAdded));
    return [
      ['length', entries.length],
      ['last-generated-id', idText(lastId)],
      ['entries-added', entriesAdded],
      ['groups', groups.size],
    ].flat();
  },
  XREAD: (args, execution) => read(readRequest(args, execution), execution),
  XGROUP: (args, { database, wrote }) => {
    needed(args, 4);
    const [action, key, name, id, ...options] = args as [string, string, string, string, ...string[]];
    const names = options.map((option) => option.toUpperCase());
    let stream = database.stream(key);
    if (stream === undefined) {
      if (!names.includes('MKSTREAM')) {
        throw new CommandError('ERR The XGROUP subcommand requires the key to exist.');
      }
      stream = database.made(key, undefined, () => new Stream());
    }
    const read = names.indexOf('ENTRIESREAD');
    const entriesRead = read < 0 ? undefined : integer(options[read + 1]);
    const lastDelivered = id === '$' ? stream.lastId : strictId(id);
    const known = stream.groups.get(name);
    if (action.toUpperCase() === 'CREATE') {
      if (known !== undefined) throw new CommandError('BUSYGROUP Consumer Group name already exists');
      stream.groups.set(name, { lastDelivered, entriesRead });
    } else if (action.toUpperCase() === 'SETID') {
      if (known === undefined) throw new CommandError(`NOGROUP No such consumer group '${name}' for key name '${key}'`);
      known.lastDelivered = lastDelivered;
      known.entriesRead = entriesRead;
    } else throw new CommandError(`ERR XGROUP ${action} is not simulated`);
    wrote();
    return OK;
  },
};

/** The lag only where the entries that were read are known: Redis finds it in some cases besides. */
function groupReply([name, { lastDelivered, entriesRead = -1 }]: [string, StreamGroup], added: number): SimReply {
  return [
    ['name', name],
    ['consumers', 0],
    ['pending', 0],
    ['last-delivered-id', idText(lastDelivered)],
    ['entries-read', entriesRead < 0 ? null : entriesRead],
    ['lag', entriesRead < 0 ? null : added - entriesRead],
  ].flat() as SimReply;
}

function strictId(text: string): EntryId {
  const id = parseId(text);
  if (id === undefined) throw new CommandError(BAD_ID);
  return id;
}

function entryReply({ id, fields }: StreamEntry): SimReply {
  return [idText(id), [...fields]];
}

function range(args: readonly string[], isReversed: boolean, { database }: Execution): SimReply {
  needed(args, 3);
  const [key, from, to, word, count] = args as [string, string, string, string?, string?];
  const start = parseBound(from, true);
  const end = parseBound(to, false);
  if (start === undefined || end === undefined) throw new CommandError(BAD_ID);
  if (word !== undefined && word.toUpperCase() !== 'COUNT') syntaxError();
  const most = count === undefined ? Number.POSITIVE_INFINITY : integer(count);
  const stream = database.stream(key);
  if (stream === undefined) return [];
  if (!isReversed) return stream.range(start, end, most).map(entryReply);
  return stream.range(start, end).reverse().slice(0, most).map(entryReply);
}

export interface ReadRequest {
  readonly count: number;
  /** Undefined: answers at once. 0: for ever. */
  readonly blockMs: number | undefined;
  readonly streams: readonly { readonly key: string; readonly after: EntryId }[];
}

/** `$` is taken as of now. */
export function readRequest(args: readonly string[], { database }: Execution): ReadRequest {
  let count = Number.POSITIVE_INFINITY;
  let blockMs: number | undefined;
  for (let i = 0; i < args.length; i++) {
    const option = args[i]!.toUpperCase();
    if (option === 'COUNT') count = integer(args[++i]);
    else if (option === 'BLOCK') blockMs = integer(args[++i]);
    else if (option === 'STREAMS') {
      const names = args.slice(i + 1);
      if (names.length === 0 || names.length % 2 === 1) syntaxError();
      const half = names.length / 2;
      const streams = names.slice(0, half).map((key, n) => {
        const id = names[half + n]!;
        return { key, after: id === '$' ? (database.stream(key)?.lastId ?? ZERO_ID) : strictId(id) };
      });
      return { count, blockMs, streams };
    } else syntaxError();
  }
  return syntaxError();
}

/** In the shape in which ioredis hands over RESP3's map: keys and entries alternating. */
export function read({ count, streams }: ReadRequest, { database }: Pick<Execution, 'database'>): SimReply {
  const reply: SimReply[] = [];
  for (const { key, after } of streams) {
    const found = database.stream(key)?.range({ ms: after.ms, seq: after.seq + 1 }, parseBound('+', false)!, count);
    if (found !== undefined && found.length > 0) reply.push(key, found.map(entryReply));
  }
  return reply.length === 0 ? null : reply;
}
