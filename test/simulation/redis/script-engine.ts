import { createHash } from 'node:crypto';
import { compileLua } from '../lua/compiler.js';
import { bitLibrary, libraryOf, mathLibrary, stringLibrary, tableLibrary } from '../lua/libraries.js';
import { formatGeneral, LuaError, numberOf, textOf, truthy, typeName } from '../lua/operators.js';
import { type LuaFunction, LuaTable, type LuaValue } from '../lua/table.js';
import { ErrorReply, type SimReply, Status } from './reply.js';

/** Executes a command that a script asks for. */
export type ScriptCall = (args: readonly string[]) => SimReply;

/** The call that runs now: scripts are atomic, so that there is one at a time. */
let running: { readonly keys: LuaTable; readonly argv: LuaTable; readonly call: ScriptCall } | undefined;

const compiled = new Map<string, LuaFunction>();

/** Runs a script as EVAL does. Errors of the script become an error reply. */
export function runScript(
  source: string,
  keys: readonly string[],
  argv: readonly string[],
  call: ScriptCall,
): SimReply {
  let script = compiled.get(source);
  if (script === undefined) {
    script = compileLua(source, { global, index });
    compiled.set(source, script);
  }
  const outer = running;
  running = { keys: new LuaTable([...keys]), argv: new LuaTable([...argv]), call };
  try {
    return replyOf(script()[0]);
  } catch (error) {
    if (!(error instanceof LuaError)) throw error;
    if (error.value instanceof LuaTable) return new ErrorReply(String(error.value.get('err')));
    return new ErrorReply(`ERR ${error.message}`);
  } finally {
    running = outer;
  }
}

export function sha1Of(source: string): string {
  return createHash('sha1').update(Buffer.from(source, 'latin1')).digest('hex');
}

/** Flags of the first line `#!lua flags=a,b`; undefined where there is none. */
export function scriptFlags(source: string): readonly string[] | undefined {
  if (!flagsOf.has(source)) {
    const shebang = /^#!lua(?:[^\n]*flags=([\w,-]*))?/.exec(source);
    flagsOf.set(source, shebang === null ? undefined : (shebang[1] ?? '').split(',').filter((flag) => flag !== ''));
  }
  return flagsOf.get(source);
}

const flagsOf = new Map<string, readonly string[] | undefined>();

/** From Lua to RESP2: numbers are cut to integers, false and nil are nil, a list ends at its first nil. */
function replyOf(value: LuaValue): SimReply {
  if (typeof value === 'number') return Math.trunc(value);
  if (typeof value === 'string') return value;
  if (value === true) return 1;
  if (!(value instanceof LuaTable)) return null;
  const error = value.get('err');
  if (typeof error === 'string') return new ErrorReply(error);
  const status = value.get('ok');
  if (typeof status === 'string') return new Status(status);
  const end = value.list.indexOf(undefined);
  return (end < 0 ? value.list : value.list.slice(0, end)).map(replyOf);
}

function luaValueOf(reply: SimReply): LuaValue {
  if (reply === null) return false;
  if (reply instanceof Status) return tableOf('ok', reply.text);
  if (reply instanceof ErrorReply) return tableOf('err', reply.text);
  return Array.isArray(reply) ? new LuaTable(reply.map(luaValueOf)) : reply;
}

function tableOf(key: string, value: string): LuaTable {
  const table = new LuaTable();
  table.set(key, value);
  return table;
}

function perform(args: readonly LuaValue[]): SimReply {
  const texts = args.map((arg) => {
    if (typeof arg === 'string') return arg;
    if (typeof arg === 'number') {
      const isLong = Number.isInteger(arg) && Math.abs(arg) < 2 ** 63;
      return isLong ? BigInt(arg).toString() : formatGeneral(arg, 17);
    }
    throw new LuaError(`Lua redis lib command arguments must be strings or integers, not ${typeName(arg)}`);
  });
  return running!.call(texts);
}

const redisLibrary = libraryOf({
  call: (...args) => {
    const reply = perform(args);
    if (reply instanceof ErrorReply) throw new LuaError(luaValueOf(reply));
    return [luaValueOf(reply)];
  },
  pcall: (...args) => [luaValueOf(perform(args))],
  error_reply: (text) => [tableOf('err', String(text))],
  status_reply: (text) => [tableOf('ok', String(text))],
  sha1hex: (text) => [sha1Of(String(text))],
  log: () => [],
  replicate_commands: () => [true],
});
redisLibrary.set('LOG_WARNING', 3);

const globals = new Map<string, LuaValue>(
  Object.entries({
    redis: redisLibrary,
    string: stringLibrary,
    table: tableLibrary,
    math: mathLibrary,
    bit: bitLibrary,
    type: (value) => [typeName(value)],
    tonumber: (value, base) => [base === undefined ? numberOf(value) : parsed(String(value), Number(base))],
    tostring: (value) => [typeof value === 'number' ? textOf(value) : value === undefined ? 'nil' : String(value)],
    select: (n, ...values) => (n === '#' ? [values.length] : values.slice(Number(n) - 1)),
    unpack: (list) => [...(list as LuaTable).list],
    next: (table, key) => {
      let isFound = key === undefined;
      for (const [k, v] of (table as LuaTable).entries()) {
        if (isFound) return [k, v];
        isFound = k === key;
      }
      return [undefined];
    },
    pairs: (table) => {
      const entries = (table as LuaTable).entries();
      return [() => entries.next().value ?? [undefined]];
    },
    ipairs: (table) => {
      let i = 0;
      return [
        () => {
          const value = (table as LuaTable).get(++i);
          return value === undefined ? [undefined] : [i, value];
        },
      ];
    },
    error: (value) => {
      throw new LuaError(value);
    },
    assert: (value, ...rest) => {
      if (!truthy(value)) throw new LuaError(rest[0] ?? 'assertion failed!');
      return [value, ...rest];
    },
    pcall: (run, ...args) => {
      try {
        return [true, ...(run as LuaFunction)(...args)];
      } catch (error) {
        if (error instanceof LuaError) return [false, error.value];
        throw error;
      }
    },
  } satisfies Record<string, LuaValue>),
);

function parsed(text: string, base: number): number | undefined {
  const value = Number.parseInt(text, base);
  return Number.isNaN(value) ? undefined : value;
}

function global(name: string): LuaValue {
  if (name === 'KEYS') return running!.keys;
  if (name === 'ARGV') return running!.argv;
  const value = globals.get(name);
  if (value === undefined) throw new LuaError(`Script attempted to access nonexistent global variable '${name}'`);
  return value;
}

function index(target: LuaValue, key: LuaValue): LuaValue {
  if (target instanceof LuaTable) return target.get(key);
  if (typeof target === 'string') return stringLibrary.get(key);
  throw new LuaError(`attempt to index a ${typeName(target)} value`);
}
