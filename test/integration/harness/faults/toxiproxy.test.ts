import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { Link, RedisNode } from '../../../../harness/environment/environment.js';
import { waitFor } from '../../../../harness/environment/wait-for.js';
import { ping } from '../../../../harness/faults/probe.js';
import { connectToxiproxy, type ToxicSpec } from '../../../../harness/faults/toxiproxy.js';
import { type FaultBed, openFaultBed } from '../../../fixtures/fault-bed.js';

const { signal } = new AbortController();
const latency: ToxicSpec = {
  name: 'slow',
  type: 'latency',
  stream: 'upstream',
  toxicity: 1,
  attributes: { latency: 50, jitter: 0 },
};

describe('control of Toxiproxy', () => {
  let bed: FaultBed;
  let node: RedisNode;
  let link: Link;
  beforeAll(async () => {
    bed = await openFaultBed();
    node = bed.environment.nodes[0]!;
    link = node.clients;
  });
  afterAll(async () => {
    await bed[Symbol.asyncDispose]();
  });

  test('says its version', async () => {
    expect(await bed.context.toxiproxy.version()).toMatch(/^(\d+\.\d+\.\d+|git)$/);
  });

  test('creates and removes a proxy; one that is gone is no error', async () => {
    const { toxiproxy } = bed.context;
    await toxiproxy.createProxy('spare.link', '127.0.0.1:0', `127.0.0.1:${node.direct.port}`);
    await toxiproxy.addToxic('spare.link', latency);
    expect(await toxiproxy.listToxics('spare.link')).toEqual(['slow']);
    await toxiproxy.removeToxic('spare.link', 'slow');
    await toxiproxy.removeToxic('spare.link', 'slow');
    await toxiproxy.removeProxy('spare.link');
    await toxiproxy.removeProxy('spare.link');
    await expect(toxiproxy.listToxics('spare.link')).rejects.toMatchObject({ code: 'toxiproxy-refused' });
  });

  test('a proxy that is gone comes back with the removal of its toxic', async () => {
    const { toxiproxy } = bed.context;
    await toxiproxy.createProxy('lost', '127.0.0.1:0', `127.0.0.1:${node.direct.port}`);
    await toxiproxy.addToxic('lost', latency);
    await connectToxiproxy(bed.environment.toxiproxy).removeProxy('lost');
    await toxiproxy.removeToxic('lost', latency.name);
    expect(await toxiproxy.listToxics('lost')).toEqual([]);
    await toxiproxy.removeProxy('lost');
  });

  test('refuses names that would break out of a URL path', async () => {
    const { toxiproxy } = bed.context;
    for (const name of ['', '..', 'a/b', 'a?b', 'a%2fb', 'a b']) {
      await expect(toxiproxy.removeProxy(name)).rejects.toMatchObject({ code: 'unsafe-name', exitCode: 2 });
      await expect(toxiproxy.removeToxic(link.proxy, name)).rejects.toMatchObject({ code: 'unsafe-name' });
    }
  });

  test('passes on why Toxiproxy refuses', async () => {
    const wrong = { ...latency, type: 'nonsense' as 'latency' };
    await expect(bed.context.toxiproxy.addToxic(link.proxy, wrong)).rejects.toMatchObject({
      code: 'toxiproxy-refused',
      message: expect.stringContaining('invalid toxic type'),
    });
  });

  test('a server that is gone, and one that does not answer, are errors of their own', async () => {
    const silent = createServer(() => {}).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    const address = { host: '127.0.0.1', port };
    await expect(connectToxiproxy(address, 100).version()).rejects.toMatchObject({ code: 'toxiproxy-timeout' });
    silent.closeAllConnections();
    await new Promise((resolve) => silent.close(resolve));
    await expect(connectToxiproxy(address).version()).rejects.toMatchObject({ code: 'toxiproxy-unreachable' });
  });

  test('a removal that hangs makes the proxy anew, with its other toxics', async () => {
    const toxiproxy = connectToxiproxy(bed.environment.toxiproxy, 500);
    const other: ToxicSpec = { ...latency, name: 'other', stream: 'downstream' };
    await toxiproxy.addToxic(link.proxy, latency);
    await toxiproxy.addToxic(link.proxy, other);

    // Toxiproxy#558: a toxic whose data nobody takes cannot be interrupted, and holds the lock on all toxics.
    node.process!.signal('SIGSTOP');
    onTestFinished(() => node.process!.signal('SIGCONT'));
    const socket = connect(link.port, link.host);
    socket.on('error', () => {});
    const closed = new Promise((resolve) => socket.on('close', resolve));
    await once(socket, 'connect');
    const chunk = Buffer.alloc(1 << 20, '\r\n');
    const stuck = await waitFor(
      async () => {
        const full = !socket.write(chunk) && socket.writableLength > 64 * chunk.length;
        return full || undefined;
      },
      { clock: bed.context.clock, deadlineMs: 30_000 },
      signal,
    );
    expect(stuck).toBe(true);
    // Toxiproxy itself: the very call hangs.
    const url = `http://${bed.environment.toxiproxy.host}:${bed.environment.toxiproxy.port}/proxies/${link.proxy}`;
    await expect(
      fetch(`${url}/toxics/slow`, { method: 'DELETE', signal: AbortSignal.timeout(500) }),
    ).rejects.toMatchObject({ name: 'TimeoutError' });

    await toxiproxy.removeToxic(link.proxy, 'slow');
    expect(await toxiproxy.listToxics(link.proxy)).toEqual(['other']);
    await closed;
    node.process!.signal('SIGCONT');
    await toxiproxy.removeToxic(link.proxy, 'other');
    expect((await ping(link, 5000, bed.context.clock, signal)).outcome).toBe('replied');
  });
});
