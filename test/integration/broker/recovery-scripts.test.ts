import { readFileSync } from 'node:fs';
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { eventually, RedisServer } from '../../fixtures/redis-server.js';

const FOLDER = new URL('../../../broker/recovery/workflow/', import.meta.url);
const LEAD = readFileSync(new URL('lead-recovery.lua', FOLDER), 'utf8');
const RECORD = readFileSync(new URL('record-recovery.lua', FOLDER), 'utf8');
const STATE = 'g:{t}:recovery:g';
const AUDIT = 'g:{t}:recovery-audit:g';

let server: RedisServer;
let redis: Redis;
beforeAll(async () => {
  server = await RedisServer.start();
  ({ redis } = server.client());
});
afterAll(async () => {
  redis.disconnect();
  await server[Symbol.asyncDispose]();
});
beforeEach(async () => {
  await redis.flushall();
});

async function lead(owner: string, durationMs: number): Promise<{ leads: boolean; token: string }> {
  const [leads, token] = (await redis.eval(LEAD, 1, STATE, owner, durationMs, 'lead')) as [number, string];
  return { leads: leads === 1, token };
}

function record(owner: string, token: string, mode: 'act' | 'note', ...fields: string[]): Promise<unknown> {
  return redis.eval(RECORD, 2, STATE, AUDIT, owner, token, mode, 100, '{}', ...fields);
}

describe('the lead of a recovery', () => {
  it('is one owner’s until it is over, and that one may keep it', async () => {
    const first = await lead('a', 60_000);
    expect(first.leads).toBe(true);
    expect(await lead('b', 60_000)).toEqual({ leads: false, token: first.token });
    expect(await lead('a', 60_000)).toEqual(first);
  });

  it('goes to another one when it is over, under a higher token; what the former one still records is refused', async () => {
    const first = await lead('a', 1);
    await eventually(async () => (await lead('b', 60_000)).leads);
    const second = await lead('b', 60_000);
    expect(BigInt(second.token)).toBeGreaterThan(BigInt(first.token));
    expect(await record('a', first.token, 'note', 'run:1', 'late')).toBe(0);
    expect(await record('b', second.token, 'note', 'run:1', 'fine')).toBe(1);
    expect([await redis.hget(STATE, 'run:1'), await redis.xlen(AUDIT)]).toEqual(['fine', 1]);
  });

  it('is over when its time is, also while nobody else has taken it', async () => {
    const { token } = await lead('a', 1);
    await eventually(async () => (await record('a', token, 'note', 'run:1', 'x')) === 0);
    expect((await lead('a', 60_000)).token).toBe(token);
    expect(await record('a', token, 'note', 'run:1', 'x')).toBe(1);
  });

  it('has a higher token also where the row was lost', async () => {
    const first = await lead('a', 60_000);
    await redis.del(STATE);
    const second = await lead('a', 60_000);
    expect(BigInt(second.token)).toBeGreaterThan(BigInt(first.token));
    expect(await record('a', first.token, 'note', 'run:1', 'late')).toBe(0);
  });
});

describe('the switch', () => {
  it('lets nothing begin, and what was done be noted; an operator needs no lead', async () => {
    const { token } = await lead('a', 60_000);
    expect(await record('', '', 'note', 'off', '{"by":"ann"}')).toBe(1);
    expect(await record('a', token, 'act', 'run:1', 'x')).toBe(-1);
    expect(await redis.hexists(STATE, 'run:1')).toBe(0);
    expect(await record('a', token, 'note', 'run:1', 'x')).toBe(1);
    expect(await record('', '', 'note', 'off', '')).toBe(1);
    expect(await record('a', token, 'act', 'run:1', 'y')).toBe(1);
  });
});
