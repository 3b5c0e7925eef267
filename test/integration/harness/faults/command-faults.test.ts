import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Environment } from '../../../../harness/environment/environment.js';
import { waitFor } from '../../../../harness/environment/wait-for.js';
import type { FaultKind } from '../../../../harness/faults/fault.js';
import { isInSync, roleOf, writeRefusal } from '../../../../harness/faults/node-commands.js';
import { findFaultKind } from '../../../../harness/faults/registry.js';
import { readSettings } from '../../../../harness/faults/settings.js';
import { checkTargets } from '../../../../harness/faults/targets.js';
import { type FaultBed, injectRaw, openFaultBed } from '../../../fixtures/fault-bed.js';
import { withIndifferentNodes } from '../../../fixtures/indifferent-node.js';

const { signal } = new AbortController();
const kind = (name: string) => findFaultKind(name) as FaultKind;
const SETTINGS = ['maxmemory', 'min-replicas-to-write', 'appendfsync'];

interface Case {
  readonly name: string;
  readonly params: Readonly<Record<string, unknown>>;
  /** In `observed`, when it took hold. */
  readonly seen: RegExp;
  /** What an indifferent server says yes to and does not do. */
  readonly swallowed: string;
}

const cases: readonly Case[] = [
  {
    name: 'clientKill',
    params: { clientKill: 'redis-master' },
    seen: /^of [1-9]\d* client connections 0 are left$/,
    swallowed: 'CLIENT KILL',
  },
  {
    name: 'scriptFlush',
    params: { scriptFlush: 'redis-1' },
    seen: /: 1 before, 0 after$/,
    swallowed: 'SCRIPT FLUSH',
  },
  {
    name: 'deleteKeys',
    params: { deleteKeys: 'g:{*}:log' },
    seen: /^2 keys matched, 0 were there/,
    swallowed: 'DEL',
  },
  {
    name: 'destroyGroups',
    params: { destroyGroups: 'g:*' },
    seen: /^there were 3 groups, and 0/,
    swallowed: 'XGROUP DESTROY',
  },
  { name: 'flush', params: { flush: 'redis-master' }, seen: /^it held 3 keys, and 0/, swallowed: 'FLUSHALL' },
  {
    name: 'config',
    params: { config: 'redis-master', set: { maxmemory: '1kb' } },
    seen: /^maxmemory 1024 \(before: maxmemory 0\); a write meets OOM/,
    swallowed: 'CONFIG SET',
  },
  {
    name: 'config',
    params: { config: 'redis-1', set: { 'min-replicas-to-write': 2, appendfsync: 'always' } },
    seen: /appendfsync always .* a write meets NOREPLICAS/,
    swallowed: 'CONFIG SET',
  },
  {
    name: 'config',
    params: { config: 'redis-replica', set: { 'replica-serve-stale-data': false } },
    seen: /^replica-serve-stale-data no .* a write meets READONLY/,
    swallowed: 'CONFIG SET',
  },
  {
    name: 'demote',
    params: { demote: 'redis-master' },
    seen: /that it is slave; a write meets READONLY/,
    swallowed: 'REPLICAOF',
  },
];

describe('faults by commands', () => {
  let bed: FaultBed;
  let client: Redis;
  beforeAll(async () => {
    bed = await openFaultBed({ topology: 'replicated', replicas: 1 });
    const { host, port } = master().clients;
    client = new Redis({ host, port, retryStrategy: () => 50 });
    client.on('error', () => {});
  });
  afterAll(async () => {
    client.disconnect();
    await bed[Symbol.asyncDispose]();
  });

  const master = () => bed.environment.nodes[0]!;
  const settings = () => readSettings(master(), SETTINGS);
  let before: Readonly<Record<string, string>>;

  beforeEach(async () => {
    for (const [key, groups] of [
      ['g:{a.0}:log', ['one', 'two']],
      ['g:{a.1}:log', ['one']],
    ] as const) {
      for (const group of groups) await client.xgroup('CREATE', key, group, '0', 'MKSTREAM');
    }
    await client.set('g:{a.0}:lease', 'x');
    before = await settings();
  });
  afterEach(async () => {
    await client.flushall();
  });

  const expectAsBefore = async () => {
    expect(await settings()).toEqual(before);
    expect(await roleOf(master())).toBe('master');
    expect(await writeRefusal(master())).toBeUndefined();
    const inSync = async () => (await isInSync(bed.environment.nodes[1]!)) || undefined;
    expect(await waitFor(inSync, { clock: bed.context.clock, deadlineMs: 60_000 })).toBe(true);
  };

  test.each(cases)('$name $params takes hold, and is undone', async ({ name, params, seen }) => {
    const fault = await injectRaw(kind(name), params, bed.context);
    try {
      expect(await fault.prove(signal)).toEqual({ tookHold: true, observed: expect.stringMatching(seen) });
    } finally {
      await fault.lift(signal);
      await fault.lift(signal);
    }
    await expectAsBefore();
  });

  test.each(cases)('$name $params without effect does not take hold', async ({ name, params, swallowed }) => {
    await using environment = await withIndifferentNodes(bed.environment, [swallowed]);
    const fault = await injectRaw(kind(name), params, { ...bed.context, environment });
    expect(await fault.prove(signal)).toMatchObject({ tookHold: false });
    await fault.lift(signal);
    await expectAsBefore();
    expect(await client.dbsize()).toBe(3);
  });

  test.each([
    ['deleteKeys', { deleteKeys: 'nothing:*' }],
    ['destroyGroups', { destroyGroups: 'nothing:*' }],
    ['config', { config: 'redis-1', set: { appendfsync: 'everysec' } }],
  ])('%s of what is not there does not take hold', async (name, params) => {
    const fault = await injectRaw(kind(name), params, bed.context);
    expect(await fault.prove(signal)).toMatchObject({ tookHold: false });
    await fault.lift(signal);
    await expectAsBefore();
  });

  test('a flush of nothing does not take hold', async () => {
    await client.flushall();
    const fault = await injectRaw(kind('flush'), { flush: 'redis-1' }, bed.context);
    expect(await fault.prove(signal)).toMatchObject({ tookHold: false });
  });

  test('deleted streams wake and end their blocked readers, the other keys stay', async () => {
    const reader = client.duplicate();
    const reply = reader.xreadgroup('GROUP', 'one', 'c', 'BLOCK', 0, 'STREAMS', 'g:{a.1}:log', '>');
    reply.catch(() => {});
    await untilBlocked(client);
    await injectRaw(kind('deleteKeys'), { deleteKeys: 'g:{*}:log' }, bed.context);
    await expect(reply).rejects.toThrow(/UNBLOCKED|NOGROUP/);
    reader.disconnect();
    expect(await client.keys('*')).toEqual(['g:{a.0}:lease']);
  });

  test('a demotion wakes blocked readers', async () => {
    const reader = client.duplicate({ reconnectOnError: null });
    const reply = reader.xreadgroup('GROUP', 'one', 'c', 'BLOCK', 0, 'STREAMS', 'g:{a.1}:log', '>');
    reply.catch(() => {});
    await untilBlocked(client);
    const fault = await injectRaw(kind('demote'), { demote: 'redis-master' }, bed.context);
    await expect(reply).rejects.toThrow(/UNBLOCKED/);
    reader.disconnect();
    await expect(injectRaw(kind('demote'), { demote: 'redis-1' }, bed.context)).rejects.toMatchObject({
      code: 'not-running',
    });
    await fault.lift(signal);
    await expectAsBefore();
  });

  test('settings of two faults are undone when the last one is lifted, in any order', async () => {
    const set = (maxmemory: string) =>
      injectRaw(kind('config'), { config: 'redis-1', set: { maxmemory } }, bed.context);
    const [first, second] = [await set('1gb'), await set('2gb')];
    await first.lift(signal);
    expect(await settings()).toMatchObject({ maxmemory: '2147483648' });
    const third = await set('3gb');
    await third.lift(signal);
    expect(await settings()).toMatchObject({ maxmemory: '2147483648' });
    await second.lift(signal);
    await expectAsBefore();
  });

  test('settings that are refused halfway leave none behind', async () => {
    const refused = [
      [{ maxmemory: '1gb', appendfsync: 'now and then' }, undefined],
      [{ maxmemory: '1gb', 'no-such-thing': 'x' }, 'no-such-target'],
    ] as const;
    for (const [set, code] of refused) {
      const injection = injectRaw(kind('config'), { config: 'redis-1', set }, bed.context);
      await expect(injection).rejects.toMatchObject(code === undefined ? {} : { code });
      await expectAsBefore();
    }
  });

  test('they are possible on servers that are not ours, and refused for nodes that do not exist', async () => {
    const nodes = bed.environment.nodes.map((node) => ({ ...node, process: undefined }));
    const external: Environment = { ...bed.environment, kind: 'external', nodes };
    const spec = (raw: object) => {
      const name = Object.keys(raw)[0]!;
      const at = { after: 'start' as const, offsetMs: 0 };
      return { id: name, kind: name, at, params: kind(name).params.parse(raw) };
    };
    await checkTargets([spec({ flush: 'redis-master' })], external);
    await expect(checkTargets([spec({ flush: 'redis-7' })], external)).rejects.toMatchObject({
      code: 'no-such-target',
    });
  });
});

describe('a demotion of the only node', () => {
  test('leaves it without a master, its data as they were, and is undone', async () => {
    await using bed = await openFaultBed();
    const [node] = bed.environment.nodes;
    const client = new Redis(node!.clients.port, node!.clients.host);
    await client.set('kept', 'x');
    const fault = await injectRaw(kind('demote'), { demote: 'redis-master' }, bed.context);
    expect(await fault.prove(signal)).toMatchObject({ tookHold: true });
    await fault.lift(signal);
    await fault.lift(signal);
    expect(await roleOf(node!)).toBe('master');
    expect(await client.get('kept')).toBe('x');
    client.disconnect();
  });
});

async function untilBlocked(client: Redis): Promise<void> {
  await expect.poll(() => client.info('clients'), { timeout: 60_000 }).toMatch(/blocked_clients:1/);
}
