import { readdir } from 'node:fs/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { askRedis } from '../../../../harness/environment/redis-probe.js';
import { waitFor } from '../../../../harness/environment/wait-for.js';
import type { FaultKind } from '../../../../harness/faults/fault.js';
import { isInSync } from '../../../../harness/faults/node-commands.js';
import { findFaultKind } from '../../../../harness/faults/registry.js';
import { readSettings } from '../../../../harness/faults/settings.js';
import { type FaultBed, hurried, injectRaw, openFaultBed, withDeafNodes } from '../../../fixtures/fault-bed.js';
import { withIndifferentNodes } from '../../../fixtures/indifferent-node.js';

const { signal } = new AbortController();
const restart = findFaultKind('restart') as FaultKind;

describe('a restart', () => {
  let bed: FaultBed;
  beforeAll(async () => {
    const config = { appendonly: 'yes', save: '3600 1' };
    bed = await openFaultBed({ topology: 'replicated', replicas: 1, config });
  });
  afterAll(async () => {
    await bed[Symbol.asyncDispose]();
  });

  const master = () => bed.environment.nodes[0]!;
  const replica = () => bed.environment.nodes[1]!;
  const kept = () => askRedis(master().direct, 'EXISTS', 'g:{t.0}:kept');
  const untilInSync = async () => {
    const inSync = async () => (await isInSync(replica())) || undefined;
    expect(await waitFor(inSync, { clock: bed.context.clock, deadlineMs: 60_000 })).toBe(true);
  };
  beforeEach(async () => {
    await askRedis(master().direct, 'SET', 'g:{t.0}:kept', 'x');
    await untilInSync();
  });

  test('keeps the data', async () => {
    const fault = await injectRaw(restart, { restart: 'redis-master' }, bed.context);
    expect(await fault.prove(signal)).toMatchObject({ tookHold: true });
    await fault.lift(signal);
    expect(await kept()).toBe(1);
  });

  test('of all nodes in turn keeps the data, the master is last', async () => {
    for (const by of ['stop', 'kill']) {
      const fault = await injectRaw(
        findFaultKind('rollingRestart') as FaultKind,
        { rollingRestart: 'redis', by },
        bed.context,
      );
      const { tookHold, observed } = await fault.prove(signal);
      expect(tookHold).toBe(true);
      expect(observed).toMatch(/^redis-2: pid \d+, then \d+; redis-1: pid \d+, then \d+$/);
      await untilInSync();
    }
    expect(await kept()).toBe(1);
  });

  test('of all nodes in turn that fails halfway leaves all of them running', async () => {
    let failures = 1;
    const process = new Proxy(replica().process!, {
      get(target, key) {
        if (key === 'start' && failures-- > 0) return () => Promise.reject(new Error('no start'));
        const value: unknown = Reflect.get(target, key, target);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    const environment = { ...bed.environment, nodes: [master(), { ...replica(), process }] };
    const rolling = injectRaw(
      findFaultKind('rollingRestart') as FaultKind,
      { rollingRestart: 'redis' },
      { ...bed.context, environment },
    );
    await expect(rolling).rejects.toThrow('no start');
    await untilInSync();
  });

  test('without its data brings a master back empty, and its replicas with it', async () => {
    const fault = await injectRaw(restart, { restart: 'redis-master', data: 'lost' }, bed.context);
    expect(await fault.prove(signal)).toEqual({
      tookHold: true,
      observed: expect.stringMatching(/has pid \d+; a key written before is gone$/),
    });
    await fault.lift(signal);
    expect(await askRedis(master().direct, 'DBSIZE')).toBe(0);
    const wiped = async () => ((await askRedis(replica().direct, 'DBSIZE')) === 0 ? true : undefined);
    expect(await waitFor(wiped, { clock: bed.context.clock, deadlineMs: 60_000 })).toBe(true);
  });

  test('without its data makes a replica copy its master anew', async () => {
    const fault = await injectRaw(restart, { restart: 'redis-replica', data: 'lost' }, bed.context);
    expect(await fault.prove(signal)).toEqual({ tookHold: true, observed: expect.stringMatching(/copies its master/) });
    await fault.lift(signal);
    await untilInSync();
    expect(await askRedis(replica().direct, 'EXISTS', 'g:{t.0}:kept')).toBe(1);
  });

  test('of an empty server has nothing to lose', async () => {
    await askRedis(master().direct, 'FLUSHALL');
    const fault = await injectRaw(restart, { restart: 'redis-master', data: 'lost' }, bed.context);
    expect(await fault.prove(signal)).toMatchObject({ tookHold: false });
    await fault.lift(signal);
  });

  test('that does not come about removes nothing', async () => {
    const context = {
      ...bed.context,
      environment: withDeafNodes(bed.environment),
      clock: hurried(bed.context.clock),
    };
    const files = async () => {
      const { dir = '', appenddirname = '' } = await readSettings(master(), ['dir', 'appenddirname']);
      return [await readdir(dir), await readdir(`${dir}/${appenddirname}`)];
    };
    const before = await files();
    const fault = await injectRaw(restart, { restart: 'redis-master', data: 'lost' }, context);
    expect(await fault.prove(signal)).toMatchObject({ tookHold: false });
    await fault.lift(signal);
    expect(await files()).toEqual(before);
    expect(await kept()).toBe(1);
  });

  test('whose files stay has lost nothing', async () => {
    // It does not say where they are.
    await using environment = await withIndifferentNodes(bed.environment, ['CONFIG GET']);
    const fault = await injectRaw(restart, { restart: 'redis-1', data: 'lost' }, { ...bed.context, environment });
    expect(await fault.prove(signal)).toEqual({ tookHold: false, observed: expect.stringMatching(/still there$/) });
    await fault.lift(signal);
    expect(await kept()).toBe(1);
  });
});
