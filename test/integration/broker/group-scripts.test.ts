import type { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  acquireCall,
  registerCall,
  releaseCall,
  renewCall,
  type ScriptCall,
} from '../../../broker/groups/lease-scripts.js';
import { type GroupKeys, groupKeys } from '../../../broker/log/keys.js';
import { Script } from '../../../broker/redis/script.js';
import { freshTopic } from '../../fixtures/broker-bed.js';
import { eventually, RedisServer } from '../../fixtures/redis-server.js';

const settleScript = new Script(new URL('../../../broker/groups/settle.lua', import.meta.url));
const markScript = new Script(new URL('../../../broker/recovery/mark-suspect.lua', import.meta.url));
const showScript = new Script(new URL('../../../broker/groups/show-position.lua', import.meta.url));

let server: RedisServer;
let probe: ReturnType<RedisServer['client']>;
let redis: Redis;
let keys: GroupKeys;
beforeAll(async () => {
  server = await RedisServer.start('--repl-diskless-sync-delay', '0');
  probe = server.client();
  redis = probe.redis;
});
beforeEach(() => {
  keys = groupKeys(freshTopic(), 0, 'g');
});
afterAll(async () => {
  await probe[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

function run({ script, keys: names, args }: ScriptCall): Promise<unknown> {
  return redis.eval(script.source, names.length, ...names, ...(args as string[]));
}

async function acquire(
  owner: string,
  seen?: { token: string; count: string },
  kind: 'acquire' | 'watch' = 'acquire',
): Promise<unknown[]> {
  const expected = seen && { owner: '', durationMs: 0, ...seen };
  return (await run(acquireCall(keys, 'g', owner, 2_000, { kind, expected }))) as unknown[];
}

function settle(owner: string, token: string, low: string): Promise<unknown> {
  const names = [keys.lease, keys.position, keys.retry, keys.deadLetters, keys.quarantine];
  const transition = ['quarantine', '1-0', '0', '0', '{}', 'bytes'];
  const args = [owner, token, low, '1', '1', '9-0', Buffer.of(1), '0', '1', ...transition];
  return redis.eval(settleScript.source, names.length, ...names, ...args);
}

/** As if the lease had been acquired before a failover: the row is the same, the server's history is not. */
function onAnotherHistory(): Promise<unknown> {
  return redis.hset(keys.lease, 'history', 'f'.repeat(40));
}

describe('acquire', () => {
  it('takes a missing row, and tells where the group stands', async () => {
    await redis.hset(keys.position, { low: '5-0', entries: '3', '6-0': 'x' });
    const [, token, history, position] = (await acquire('a')) as [number, string, string, string[]];
    expect(await redis.hgetall(keys.lease)).toEqual({ owner: 'a', token, count: '0', duration: '2000', history });
    expect(history).toBe(/master_replid:(\w+)/.exec(await redis.info('replication'))![1]);
    expect(position).toEqual(['low', '5-0', 'entries', '3', '6-0', 'x']);
    expect(await redis.hexists(keys.groups, 'g')).toBe(1);
    expect(Number(token)).toBeGreaterThan(1e15);
  });

  it('takes a row of its own at once, with a higher token', async () => {
    const [, first] = await acquire('a');
    const [, second] = await acquire('a');
    expect(Number(second)).toBeGreaterThan(Number(first));
  });

  it('gives a higher token than any before, also where the clock is behind', async () => {
    await redis.hset(keys.lease, { owner: '', token: '9000000000000001' });
    expect((await acquire('a'))[1]).toBe('9000000000000002');
  });

  it(`refuses another owner's row, and writes nothing`, async () => {
    const [, token] = await acquire('a');
    const before = await redis.hgetall(keys.lease);
    expect(await acquire('b')).toEqual([0, 'a', token, '0', '2000']);
    expect(await redis.hgetall(keys.lease)).toEqual(before);
  });

  it('takes over exactly the row that the challenger watched', async () => {
    const [, token] = (await acquire('a')) as [number, string];
    await run(renewCall(keys, 'a', token));
    expect(await acquire('b', { token, count: '0' })).toEqual([0, 'a', token, '1', '2000']);
    expect((await acquire('b', { token, count: '1' }))[0]).toBe(1);
    expect(await run(renewCall(keys, 'a', token))).toEqual([0, 'b', await redis.hget(keys.lease, 'token')]);
  });

  it('takes a released row at once', async () => {
    const [, token] = (await acquire('a')) as [number, string];
    expect(await run(releaseCall(keys, 'b', token))).toBe(0);
    expect(await run(releaseCall(keys, 'a', `${Number(token) - 1}`))).toBe(0);
    expect(await run(releaseCall(keys, 'a', token))).toBe(1);
    const [taken, next] = await acquire('b');
    expect([taken, Number(next) > Number(token)]).toEqual([1, true]);
  });
});

describe('a death', () => {
  const mark = (owner: string, token: string, suspect: string, survived = '') => {
    return redis.eval(markScript.source, 1, keys.lease, owner, token, suspect, survived);
  };
  /** `to` takes over from an owner that is seen to be silent. */
  async function succeed(to: string): Promise<{ token: string; silent: string; hi: string; kills: unknown }> {
    const [token, count] = (await redis.hmget(keys.lease, 'token', 'count')) as [string, string];
    const reply = await acquire(to, { token, count });
    return { token: String(reply[1]), silent: String(reply[6]), hi: String(reply[7]), kills: reply[9] };
  }

  it('counts once, against what its owner had named, and leaves what that had begun', async () => {
    const [, token] = (await acquire('a')) as [number, string];
    await run(renewCall(keys, 'a', token, { hi: '6-0', isCleared: true }));
    expect(await mark('b', token, '6-0:1')).toEqual([0, 'a', token]);
    expect(await mark('a', token, '6-0:1')).toEqual([1]);
    const b = await succeed('b');
    expect(b).toMatchObject({ silent: '1', hi: '6-0', kills: ['6-0:1', expect.stringMatching(/^a@\d{13}$/)] });
    // Nobody is named any more.
    expect((await succeed('c')).kills).toEqual(b.kills);
    const d = await succeed('d');
    await mark('d', d.token, '6-0:1');
    const e = await succeed('e');
    expect(e.kills).toEqual(['6-0:1', expect.stringMatching(/^a@\d{13} d@\d{13}$/)]);
    await mark('e', e.token, '7-0:0', '6-0:1');
    expect((await succeed('f')).kills).toEqual(['7-0:0', expect.stringMatching(/^e@/)]);
  });

  it('counts against nothing that is settled, was given back, or is of another history', async () => {
    const [, first] = (await acquire('a')) as [number, string];
    await redis.hset(keys.position, 'low', '5-0', '6-0', Buffer.of(2));
    for (const settled of ['5-0:0', '6-0:1']) {
      const token = String(await redis.hget(keys.lease, 'token'));
      const owner = String(await redis.hget(keys.lease, 'owner'));
      await mark(owner, token, settled);
      expect((await succeed(`after ${settled}`)).kills).toEqual([]);
    }
    const [owner, token] = (await redis.hmget(keys.lease, 'owner', 'token')) as [string, string];
    expect(token).not.toBe(first);
    await mark(owner, token, '6-0:0');
    await run(releaseCall(keys, owner, token));
    const taken = await acquire('b');
    const [next, silent, kills] = [String(taken[1]), taken[6], taken[9]];
    // It has not died, and yet what the silent ones had is not handled.
    expect([silent, kills]).toEqual(['1', []]);
    await run(renewCall(keys, 'b', next, { hi: '', isCleared: true }));
    await run(releaseCall(keys, 'b', next));
    const last = await acquire('c');
    expect(last[6]).toBe('0');
    await mark('c', String(last[1]), '6-0:0');
    await succeed('d');
    await onAnotherHistory();
    expect(await succeed('e')).toMatchObject({ silent: '0', kills: [] });
  });
});

describe('what only the owner may do', () => {
  const actions = [
    [
      'marking',
      (owner: string, token: string) => redis.eval(markScript.source, 1, keys.lease, owner, token, '1-0:0', ''),
    ],
    ['renewing', (owner: string, token: string) => run(renewCall(keys, owner, token))],
    ['settling', (owner: string, token: string) => settle(owner, token, '7-0')],
  ] as const;

  it.each(actions)('%s passes for the tenure that the row names', async (_, act) => {
    const [, token] = (await acquire('a')) as [number, string];
    expect(((await act('a', token)) as unknown[])[0]).toBe(1);
  });

  it.each(actions)('%s is refused to everyone else, and leaves no trace', async (_, act) => {
    const missing = await act('a', '1');
    expect(missing).toEqual([0, '', '0']);
    const [, token] = (await acquire('a')) as [number, string];
    const before = [await redis.hgetall(keys.lease), await redis.hgetall(keys.position)];
    expect(await act('b', token)).toEqual([0, 'a', token]);
    expect(await act('a', `${Number(token) - 1}`)).toEqual([0, 'a', token]);
    expect([await redis.hgetall(keys.lease), await redis.hgetall(keys.position)]).toEqual(before);
    await onAnotherHistory();
    expect(await act('a', token)).toEqual([0, 'a', token]);
    expect(await redis.hgetall(keys.position)).toEqual(before[1]);
    expect(await redis.exists(keys.quarantine, keys.retry, keys.deadLetters)).toBe(0);
  });
});

describe('settling', () => {
  it('records position and transitions once, however often it is sent', async () => {
    const [, token] = (await acquire('a')) as [number, string];
    expect(await settle('a', token, '0-0')).toEqual([1, 0]);
    expect(await settle('a', token, '7-0')).toEqual([1, 0]);
    expect(await settle('a', token, '7-0')).toEqual([1, 1]);
    expect(await redis.hgetall(keys.position)).toEqual({ low: '7-0', entries: '1', '9-0': '\u0001' });
  });
});

describe('registering', () => {
  it('writes each time, so that a WAIT behind it covers the answer, and keeps what was there', async () => {
    expect(await run(registerCall(keys, 'g', 'earliest'))).toBe(1);
    await redis.hset(keys.position, 'low', '5-0');
    const since = await redis.hget(keys.groups, 'g');
    const offset = async () => Number(/master_repl_offset:(\d+)/.exec(await redis.info('replication'))![1]);
    await using replica = await RedisServer.start('--replicaof', server.host, String(server.port));
    await using copy = replica.client();
    await eventually(async () => /master_link_status:up/.test(await copy.redis.info('replication').catch(() => '')));
    const before = await offset();
    expect(await run(registerCall(keys, 'g', 'earliest'))).toBe(0);
    expect(await offset()).toBeGreaterThan(before);
    expect([await redis.hget(keys.groups, 'g'), await redis.hget(keys.position, 'low')]).toEqual([since, '5-0']);
  });
});

describe('the shown position', () => {
  const show = () => redis.eval(showScript.source, 2, keys.log, keys.position, 'g');
  const group = async () => {
    const [flat] = (await redis.xinfo('GROUPS', keys.log)) as (string | number | null)[][];
    return Object.fromEntries(flat!.flatMap((name, i) => (i % 2 === 0 ? [[name, flat![i + 1]]] : [])));
  };
  const add = async (count: number) => {
    for (let i = 0; i < count; i++) await redis.xadd(keys.log, '*', 'f', 'x');
  };

  it('counts lag from where the group began, also when the stream is new', async () => {
    expect(await show()).toBe(0);
    await add(4);
    expect(await group()).toMatchObject({ name: 'g', lag: 4 });
    const second = (await redis.xrange(keys.log, '-', '+', 'COUNT', 2))[1]![0];
    await redis.hset(keys.position, { low: second, entries: '2' });
    expect(await show()).toBe(1);
    expect(await group()).toMatchObject({ lag: 2, 'entries-read': 2, 'last-delivered-id': second });
    await redis.del(keys.log);
    expect(await show()).toBe(-1);
    expect(await redis.exists(keys.log)).toBe(0);
    await add(3);
    expect(await show()).toBe(0);
    expect(await group()).toMatchObject({ lag: 3 });
  });

  it('does not count what was trimmed before the group began', async () => {
    await add(5);
    await redis.xtrim(keys.log, 'MAXLEN', 2);
    await show();
    expect(await group()).toMatchObject({ lag: 2, 'entries-read': 3 });
  });

  it('tells no lag where it cannot be exact', async () => {
    await add(3);
    const [entry] = await redis.xrange(keys.log, '-', '+', 'COUNT', 1);
    await redis.hset(keys.position, { low: entry![0], entries: '1' });
    await show();
    expect((await group())['entries-read']).toBeNull();
  });
});
