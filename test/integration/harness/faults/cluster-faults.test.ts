import { Cluster } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RedisNode } from '../../../../harness/environment/environment.js';
import { onRedis } from '../../../../harness/environment/redis-probe.js';
import { resolveNode } from '../../../../harness/environment/resolve-node.js';
import { waitFor } from '../../../../harness/environment/wait-for.js';
import type { FaultKind } from '../../../../harness/faults/fault.js';
import { roleOf, writeRefusal } from '../../../../harness/faults/node-commands.js';
import { ping } from '../../../../harness/faults/probe.js';
import { findFaultKind } from '../../../../harness/faults/registry.js';
import { isWhole } from '../../../../harness/faults/take-over.js';
import { type FaultBed, hurried, injectRaw, openFaultBed } from '../../../fixtures/fault-bed.js';
import { withIndifferentNodes } from '../../../fixtures/indifferent-node.js';

const { signal } = new AbortController();
const kind = (name: string) => findFaultKind(name) as FaultKind;
const STREAMS = Array.from({ length: 24 }, (_, index) => `g:{t.${index}}:log`);

describe('faults on a cluster', () => {
  let bed: FaultBed;
  let client: Cluster;
  beforeAll(async () => {
    bed = await openFaultBed({ topology: 'cluster', replicas: 1, masters: 3 });
    const { nodes, natMap = {} } = bed.environment.endpoints.redis;
    client = new Cluster([...nodes], { natMap });
    client.on('error', () => {});
    await fill();
  });
  afterAll(async () => {
    client.disconnect();
    await bed[Symbol.asyncDispose]();
  });

  const fill = async () => {
    for (const stream of STREAMS) await client.xadd(stream, '*', 'a', 'b');
  };
  const held = async () => {
    const lengths = await Promise.all(STREAMS.map((stream) => client.xlen(stream)));
    return lengths.reduce((sum, length) => sum + length, 0);
  };
  const eventually = async (condition: () => Promise<boolean>) => {
    const met = async () => (await condition()) || undefined;
    expect(await waitFor(met, { clock: bed.context.clock, deadlineMs: 90_000 })).toBe(true);
  };
  const expectWell = async () => {
    await eventually(() => isWhole(bed.environment));
    for (const link of bed.environment.links) {
      expect(await bed.context.toxiproxy.listToxics(link.proxy)).toEqual([]);
      expect((await ping(link, 5000, bed.context.clock, signal)).outcome).toBe('replied');
    }
  };
  const stableSlots = async ({ direct }: RedisNode) => {
    const own = await onRedis(direct, async (redis) => String(await redis.call('CLUSTER', 'NODES')));
    expect(own).not.toMatch(/\[\d+-[<>]-/);
  };

  test.each([undefined, 'force', 'takeover'])('a failover (mode %s) makes a replica master', async (mode) => {
    const former = await resolveNode(bed.environment, 'redis-master');
    const params = { failover: 'redis-master', ...(mode === undefined ? {} : { mode }) };
    const fault = await injectRaw(kind('failover'), params, bed.context);
    expect(await fault.prove(signal)).toEqual({
      tookHold: true,
      observed: expect.stringMatching(`is master instead of ${former.name}`),
    });
    await fault.lift(signal);
    expect(await roleOf(former)).toBe('slave');
    await expectWell();
  });

  test('a failover that is not carried out has not taken hold', async () => {
    await using environment = await withIndifferentNodes(bed.environment, ['CLUSTER FAILOVER']);
    const context = { ...bed.context, environment, clock: hurried(bed.context.clock) };
    const fault = await injectRaw(kind('failover'), { failover: 'redis-master-2' }, context);
    expect(await fault.prove(signal)).toMatchObject({ tookHold: false });
    await fault.lift(signal);
  });

  test('slots are moved under load, and back again', async () => {
    const before = await held();
    let added = 0;
    let loading = true;
    const load = (async () => {
      while (loading) {
        await client.xadd(STREAMS[added % STREAMS.length]!, '*', 'a', 'b');
        added += 1;
      }
    })();
    const fault = await injectRaw(kind('migrateSlots'), { migrateSlots: 'redis-master' }, bed.context);
    expect(await fault.prove(signal)).toEqual({ tookHold: true, observed: expect.stringMatching(/^[1-9]\d* keys/) });
    await fault.lift(signal);
    await fault.lift(signal);
    expect(await fault.prove(signal)).toMatchObject({ tookHold: false });
    loading = false;
    await load;
    expect(await held()).toBe(before + added);
    for (const node of bed.environment.nodes) await stableSlots(node);
    await expectWell();
  });

  test('slots that nobody moves have not been moved', async () => {
    await using environment = await withIndifferentNodes(bed.environment, ['CLUSTER SETSLOT', 'MIGRATE']);
    const context = { ...bed.context, environment };
    const params = { migrateSlots: 'redis-master-2', to: 'redis-master-3', slots: 1 };
    await emptyAll();
    const fault = await injectRaw(kind('migrateSlots'), params, context);
    expect(await fault.prove(signal)).toMatchObject({ tookHold: false });
    await fault.lift(signal);
    await fill();
  });
  const emptyAll = async () => {
    for (const node of bed.environment.nodes) {
      if ((await roleOf(node)) === 'master') await onRedis(node.direct, (redis) => redis.flushall());
    }
  };

  test('a move that fails halfway leaves everything where it was', async () => {
    await fill();
    const before = await held();
    await using environment = await withIndifferentNodes(bed.environment, ['MIGRATE']);
    const context = { ...bed.context, environment };
    const injection = injectRaw(kind('migrateSlots'), { migrateSlots: 'redis-master', slots: 3 }, context);
    await expect(injection).rejects.toMatchObject({ code: 'too-slow' });
    expect(await held()).toBe(before);
    for (const node of bed.environment.nodes) await stableSlots(node);
    await expectWell();
  });

  test('keys are deleted and groups destroyed on every master', async () => {
    for (const stream of STREAMS) await client.xgroup('CREATE', stream, 'g', '0');
    for (const [name, seen] of [
      ['destroyGroups', /^there were 24 groups, and 0/],
      ['deleteKeys', /^24 keys matched, 0/],
    ] as const) {
      const fault = await injectRaw(kind(name), { [name]: 'g:{*}:log' }, bed.context);
      expect(fault.affected).toHaveLength(3);
      expect(await fault.prove(signal)).toEqual({ tookHold: true, observed: expect.stringMatching(seen) });
    }
    expect(await held()).toBe(0);
    await fill();
  });

  test('a master is full, and no longer', async () => {
    const node = await resolveNode(bed.environment, 'redis-master-3');
    const params = { config: 'redis-master-3', set: { maxmemory: '1mb' } };
    const fault = await injectRaw(kind('config'), params, bed.context);
    expect(await fault.prove(signal)).toEqual({ tookHold: true, observed: expect.stringMatching(/OOM/) });
    await fault.lift(signal);
    expect(await writeRefusal(node)).toBeUndefined();
  });

  test('a partition of a master moves it, and it comes back as a replica', async () => {
    const former = await resolveNode(bed.environment, 'redis-master');
    const fault = await injectRaw(kind('partition'), { partition: ['redis-master'] }, bed.context);
    expect(await fault.prove(signal)).toMatchObject({ tookHold: true });
    await eventually(async () => (await resolveNode(bed.environment, 'redis-master')).name !== former.name);
    await fault.lift(signal);
    await expectWell();
    expect(await roleOf(former)).toBe('slave');
  });

  test.each(['kill', 'pause'])('%s of a master moves it, and it comes back as a replica', async (name) => {
    const former = await resolveNode(bed.environment, 'redis-master-2');
    const fault = await injectRaw(kind(name), { [name]: 'redis-master-2' }, bed.context);
    expect(await fault.prove(signal)).toMatchObject({ tookHold: true });
    await eventually(async () => (await resolveNode(bed.environment, 'redis-master-2')).name !== former.name);
    await fault.lift(signal);
    await expectWell();
    expect(await roleOf(former)).toBe('slave');
  });

  test('all nodes are restarted in turn, masters after their failover, and nothing is lost', async () => {
    const before = await held();
    const fault = await injectRaw(kind('rollingRestart'), { rollingRestart: 'redis', by: 'kill' }, bed.context);
    expect(await fault.prove(signal)).toMatchObject({ tookHold: true });
    await fault.lift(signal);
    await expectWell();
    expect(await held()).toBe(before);
  });
});
