import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { FaultContext, FaultKind } from '../../../../harness/faults/fault.js';
import { ping } from '../../../../harness/faults/probe.js';
import { findFaultKind } from '../../../../harness/faults/registry.js';
import type { Toxiproxy } from '../../../../harness/faults/toxiproxy.js';
import { type FaultBed, injectRaw, openFaultBed } from '../../../fixtures/fault-bed.js';

const { signal } = new AbortController();
const kind = (name: string) => findFaultKind(name) as FaultKind;
const LINK = 'redis-master.clients';

describe('faults beside one another', () => {
  let bed: FaultBed;
  beforeAll(async () => {
    bed = await openFaultBed();
  });
  afterAll(async () => {
    await bed[Symbol.asyncDispose]();
  });

  const link = () => bed.environment.nodes[0]!.clients;
  const answer = async () => (await ping(link(), 2000, bed.context.clock, signal)).outcome;

  test('a link comes up when the last of two that brought it down is lifted', async () => {
    const first = await injectRaw(kind('down'), { down: LINK }, bed.context);
    const second = await injectRaw(kind('down'), { down: 'redis-1.clients' }, bed.context);
    await first.lift(signal);
    expect(await second.prove(signal)).toMatchObject({ tookHold: true });
    await second.lift(signal);
    expect(await answer()).toBe('replied');
  });

  test('resets do not bring up a link that is down, and hold once it is up', async () => {
    const down = await injectRaw(kind('down'), { down: LINK }, bed.context);
    const resets = await injectRaw(kind('reset_peer'), { reset_peer: 0 }, bed.context);
    expect(await down.prove(signal)).toMatchObject({ tookHold: true });
    expect(await resets.prove(signal)).toMatchObject({ tookHold: false });
    await down.lift(signal);
    expect(await resets.prove(signal)).toMatchObject({ tookHold: true });
    await resets.lift(signal);
    expect(await answer()).toBe('replied');
  });

  test('two toxics of a kind on one link are lifted apart', async () => {
    const first = await injectRaw(kind('latency'), { latency: '50ms' }, bed.context);
    const second = await injectRaw(kind('latency'), { latency: '60ms', direction: 'both' }, bed.context);
    expect(await second.prove(signal)).toMatchObject({ tookHold: true });
    await first.lift(signal);
    expect(await bed.context.toxiproxy.listToxics(link().proxy)).toHaveLength(2);
    await second.lift(signal);
    expect(await bed.context.toxiproxy.listToxics(link().proxy)).toEqual([]);
  });

  test('a fault on the link of a paused server is undone without waiting for the server', async () => {
    const pause = await injectRaw(kind('pause'), { pause: 'redis-master' }, bed.context);
    const down = await injectRaw(kind('down'), { down: LINK }, bed.context);
    expect(await down.prove(signal)).toMatchObject({ tookHold: true });
    await down.lift(signal);
    await pause.lift(signal);
    expect(await answer()).toBe('replied');
  });

  test('resets close the connections that are already open', async () => {
    const socket = connect(link().port, link().host);
    await once(socket, 'connect');
    socket.write('PING\r\n');
    await once(socket, 'data');
    const gone = new Promise((resolve) => socket.on('error', resolve).on('close', resolve));
    const resets = await injectRaw(kind('reset_peer'), { reset_peer: 0 }, bed.context);
    await gone;
    await resets.lift(signal);
  });

  test('an injection that fails halfway leaves nothing', async () => {
    const { toxiproxy } = bed.context;
    const failing: Toxiproxy = {
      ...delegate(toxiproxy),
      addToxic: async (proxy, toxic) => {
        if (toxic.stream === 'downstream') throw new Error('not today');
        await toxiproxy.addToxic(proxy, toxic);
      },
    };
    const context: FaultContext = { ...bed.context, toxiproxy: failing };
    await expect(injectRaw(kind('timeout'), { timeout: 0 }, context)).rejects.toThrow('not today');
    expect(await toxiproxy.listToxics(link().proxy)).toEqual([]);
    expect(await answer()).toBe('replied');
  });

  test('a lifting without effect is seen, and can be tried again', async () => {
    const { toxiproxy } = bed.context;
    let works = false;
    const failing: Toxiproxy = {
      ...delegate(toxiproxy),
      removeToxic: async (proxy, name) => {
        if (works) await toxiproxy.removeToxic(proxy, name);
      },
    };
    const fault = await injectRaw(kind('timeout'), { timeout: 0 }, { ...bed.context, toxiproxy: failing });
    await expect(fault.lift(signal)).rejects.toMatchObject({ code: 'not-undone' });
    works = true;
    await fault.lift(signal);
    expect(await answer()).toBe('replied');
  });

  test('links that the topology lacks are refused', async () => {
    for (const name of ['redis-1.peers', 'redis-2.clients', 'redis-replica.clients']) {
      await expect(injectRaw(kind('down'), { down: name }, bed.context)).rejects.toMatchObject({
        code: 'no-such-target',
        exitCode: 2,
      });
    }
  });
});

function delegate(toxiproxy: Toxiproxy): Toxiproxy {
  return {
    version: () => toxiproxy.version(),
    createProxy: (...args) => toxiproxy.createProxy(...args),
    removeProxy: (...args) => toxiproxy.removeProxy(...args),
    setEnabled: (...args) => toxiproxy.setEnabled(...args),
    addToxic: (...args) => toxiproxy.addToxic(...args),
    removeToxic: (...args) => toxiproxy.removeToxic(...args),
    listToxics: (...args) => toxiproxy.listToxics(...args),
  };
}
