import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../../broker/clock.js';
import { RedisLink } from '../../../broker/redis/redis-link.js';
import type { Reply } from '../../../broker/redis/wire-command.js';
import { seededRandom } from '../../../harness/random.js';
import { RedisServer } from '../../fixtures/redis-server.js';
import { Scheduler } from '../world/scheduler.js';
import { Wiring } from '../world/wiring.js';
import { SCRIPT_SESSIONS } from './conformance-sessions.js';
import { SNIPPETS } from './conformance-snippets.js';
import { REDRIVE_SESSIONS } from './redrive-sessions.js';
import { clientReply } from './reply.js';
import { SimNode } from './sim-node.js';

const SESSIONS = [...SCRIPT_SESSIONS, ...REDRIVE_SESSIONS];

type Call = (args: readonly string[]) => Promise<Reply>;

let server: RedisServer;
let link: RedisLink;

beforeAll(async () => {
  server = await RedisServer.start();
  link = new RedisLink({
    name: 'conformance',
    address: server.address,
    replyTimeoutMs: 60_000,
    clock: systemClock,
    random: seededRandom(1, 'link'),
    onOpen: () => {},
    onClosed: () => {},
  });
  await link.whenOpen();
});

afterAll(async () => {
  link?.close();
  await server?.[Symbol.asyncDispose]();
});

const onServer: Call = ([name, ...args]) => link.call(name!, ...args.map((arg) => Buffer.from(arg, 'latin1')));

function onSimulation(): Call {
  const scheduler = new Scheduler();
  const random = seededRandom(1, 'node');
  const wiring = new Wiring(scheduler, random, { baseMs: 0, jitterMs: 0, tailShare: 0, tailMs: 0 });
  const options = { id: 'sim:1', scheduler, wiring, random, wallStartMs: Date.now(), waitsFor: 'all' as const };
  const node = new SimNode(options);
  return async (args) => clientReply(node.perform(args));
}

/** As text, with what differs by its nature (ids of entries, tokens, times, histories) replaced by the order of its appearance. */
class Transcript {
  readonly lines: string[] = [];
  readonly #names = new Map<string, string>();

  add(value: unknown): void {
    const text = JSON.stringify(value, (_, part) => {
      const isBuffer = typeof part === 'object' && part !== null && part.type === 'Buffer';
      return isBuffer ? Buffer.from(part.data).toString('latin1') : part;
    });
    this.lines.push(
      text.replace(/\b(\d{13}-\d+|1\d{15}|1\d{12}|1[6-9]\d{8}|[0-9a-f]{40})\b/g, (found) => {
        const name = this.#names.get(found) ?? `<${found.length > 20 ? 'history' : 'time'}>`;
        this.#names.set(found, name);
        return name;
      }),
    );
  }

  async perform(call: Call, args: readonly string[]): Promise<Reply> {
    try {
      const reply = await call(args);
      this.add(reply);
      return reply;
    } catch (error) {
      // The first word is what code goes by.
      this.add(String((error as Error).message).split(' ')[0]);
      return null;
    }
  }

  /** Everything that is stored. */
  async keys(call: Call, names: readonly string[]): Promise<void> {
    for (const name of [...names].sort()) {
      const type = String(await call(['TYPE', name]));
      const read = READS[type];
      const value = read === undefined ? null : await call(read(name));
      this.add([name, type, type === 'set' ? (value as Buffer[]).map(String).sort() : value]);
    }
  }
}

const READS: Readonly<Record<string, (key: string) => string[]>> = {
  string: (key) => ['GET', key],
  hash: (key) => ['HGETALL', key],
  set: (key) => ['SMEMBERS', key],
  stream: (key) => ['XRANGE', key, '-', '+'],
};

/** What the placeholders of a session stand for on one side. */
class Placeholders {
  #token = '';
  #generation = '';
  readonly #history: string;

  private constructor(history: string) {
    this.#history = history;
  }

  static async of(call: Call): Promise<Placeholders> {
    return new Placeholders(/master_replid:(\w+)/.exec(String(await call(['INFO', 'replication'])))?.[1] ?? '');
  }

  fill(args: readonly string[]): string[] {
    const known: Readonly<Record<string, string>> = {
      $token: this.#token,
      $history: this.#history,
      $generation: this.#generation,
    };
    return args.map((arg) => known[arg] ?? arg);
  }

  /** Of an acquisition: 1, then the token. Of a change of members: 1, then what there is now. */
  learn(reply: Reply): void {
    if (Array.isArray(reply) && Array.isArray(reply[1])) {
      const roster = reply[1].map(String);
      const at = roster.indexOf('generation');
      if (at >= 0) this.#generation = roster[at + 1]!;
    }
    if (Array.isArray(reply) && reply[0] === 1 && /^\d{16}$/.test(String(reply[1]))) this.#token = String(reply[1]);
  }
}

async function compare(session: readonly (readonly string[])[], keys: readonly string[]): Promise<void> {
  await onServer(['FLUSHALL']);
  const lines: string[][] = [];
  for (const call of [onServer, onSimulation()]) {
    const transcript = new Transcript();
    const placeholders = await Placeholders.of(call);
    for (const args of session) placeholders.learn(await transcript.perform(call, placeholders.fill(args)));
    await transcript.keys(call, keys);
    lines.push(transcript.lines);
  }
  expect(lines[1]).toEqual(lines[0]);
}

describe('snippets of Lua do on the simulated node what they do on Redis', () => {
  it.each(SNIPPETS)('%s', async (snippet) => {
    const keys = ['a', 'b'];
    await compare([['EVAL', snippet, '2', ...keys, 'one', '2', '3.50', '\x00\xff']], keys);
  });
});

describe('sessions of the scripts of the broker do on the simulated node what they do on Redis', () => {
  it.each(SESSIONS)('$name', async ({ steps, keys }) => {
    await compare(steps, keys);
  });

  it('cover every script', () => {
    const folders = ['log', 'groups'].map((name) =>
      fileURLToPath(new URL(`../../../broker/${name}/`, import.meta.url)),
    );
    const sources = folders.flatMap((folder) =>
      readdirSync(folder)
        .filter((name) => name.endsWith('.lua'))
        .map((name) => ({ name, source: readFileSync(`${folder}${name}`, 'utf8') })),
    );
    const used = new Set(SESSIONS.flatMap(({ steps }) => steps.map((args) => args[1])));
    expect(sources.filter(({ source }) => !used.has(source)).map(({ name }) => name)).toEqual([]);
  });
});
