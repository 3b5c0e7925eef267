import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { FaultKind } from '../../../../harness/faults/fault.js';
import { type Exchange, ping } from '../../../../harness/faults/probe.js';
import { findFaultKind } from '../../../../harness/faults/registry.js';
import { checkTargets } from '../../../../harness/faults/targets.js';
import { type FaultBed, injectRaw, openFaultBed, withoutEffect } from '../../../fixtures/fault-bed.js';

const { signal } = new AbortController();
const kind = (name: string) => findFaultKind(name) as FaultKind;
const partition = kind('partition');

describe('a partition', () => {
  let bed: FaultBed;
  beforeAll(async () => {
    bed = await openFaultBed({ topology: 'replicated', replicas: 1, ownLinks: ['producer-1', 'consumer-2'] });
  });
  afterAll(async () => {
    await bed[Symbol.asyncDispose]();
  });

  /** Names of the links that do not answer in this way. */
  const not = async (outcome: Exchange['outcome']) => {
    const { links } = bed.environment;
    const seen = await Promise.all(links.map((link) => ping(link, 1000, bed.context.clock, signal)));
    return links.filter((_, index) => seen[index]!.outcome !== outcome).map(({ name }) => name);
  };

  test.each([
    [{ partition: ['redis-master'] }, ['redis-1.peers']],
    [
      { partition: ['redis-1'], clients: true },
      ['redis-1.clients', 'redis-1.peers', 'redis-1.producer-1', 'redis-1.consumer-2'],
    ],
    [
      { partition: ['redis-1', 'producer-1'], clients: true },
      ['redis-1.clients', 'redis-1.peers', 'redis-1.consumer-2', 'redis-2.producer-1'],
    ],
    [{ partition: ['redis-replica', 'consumer-2'] }, ['redis-1.consumer-2', 'redis-2.peers']],
  ])('%j cuts exactly the links between its sides', async (params, cut) => {
    for (const silent of [true, false]) {
      const fault = await injectRaw(partition, { ...params, silent }, bed.context);
      try {
        expect(await fault.prove(signal)).toMatchObject({ tookHold: true });
        expect(await not('replied')).toEqual(cut);
      } finally {
        await fault.lift(signal);
        await fault.lift(signal);
      }
      expect(await not('replied')).toEqual([]);
    }
  });

  test.each([true, false])('without effect (silent: %s) has not taken hold', async (silent) => {
    const context = { ...bed.context, toxiproxy: withoutEffect(bed.context.toxiproxy) };
    const fault = await injectRaw(partition, { partition: ['redis-1'], silent }, context);
    expect(await fault.prove(signal)).toMatchObject({ tookHold: false });
    await fault.lift(signal);
    expect(await not('replied')).toEqual([]);
  });

  test('of which one link is not cut has not taken hold', async () => {
    const { toxiproxy } = bed.context;
    const half = { ...withoutEffect(toxiproxy), addToxic: toxiproxy.addToxic.bind(toxiproxy) };
    half.addToxic = async (proxy, toxic) => {
      await toxiproxy.addToxic(proxy, { ...toxic, toxicity: proxy === 'redis-1.peers' ? 0 : 1 });
    };
    const params = { partition: ['redis-1'], clients: true };
    const fault = await injectRaw(partition, params, { ...bed.context, toxiproxy: half });
    expect(await fault.prove(signal)).toMatchObject({ tookHold: false });
    await fault.lift(signal);
    expect(await not('replied')).toEqual([]);
  });

  test('that fails halfway leaves nothing in place', async () => {
    const { toxiproxy } = bed.context;
    const broken = { ...withoutEffect(toxiproxy), addToxic: toxiproxy.addToxic.bind(toxiproxy) };
    broken.addToxic = async (proxy, toxic) => {
      if (proxy === 'redis-1.consumer-2') throw new Error('no more');
      await toxiproxy.addToxic(proxy, toxic);
    };
    const context = { ...bed.context, toxiproxy: broken };
    const injection = injectRaw(partition, { partition: ['redis-1'], clients: true }, context);
    await expect(injection).rejects.toThrow('no more');
    expect(await not('replied')).toEqual([]);
  });

  test('and the same link down beside it are lifted apart', async () => {
    const down = await injectRaw(kind('down'), { down: 'redis-1.peers' }, bed.context);
    const refused = await injectRaw(partition, { partition: ['redis-1'], silent: false }, bed.context);
    await down.lift(signal);
    expect(await refused.prove(signal)).toMatchObject({ tookHold: true });
    await refused.lift(signal);
    expect(await not('replied')).toEqual([]);
  });

  test('of servers or workers that are not there is refused before the load', async () => {
    const spec = (names: string[]) => {
      const at = { after: 'start' as const, offsetMs: 0 };
      return { id: 'x', kind: 'partition', at, params: partition.params.parse({ partition: names }) };
    };
    await checkTargets([spec(['redis-master', 'consumer-2'])], bed.environment);
    for (const names of [['redis-3'], ['redis-1', 'sentinel-1'], ['redis-1', 'producer-2']]) {
      await expect(checkTargets([spec(names)], bed.environment)).rejects.toMatchObject({ code: 'no-such-target' });
    }
  });
});
