import { describe, expect, it } from 'vitest';
import { driverEndpoints, ownEndpoints } from '../../../../harness/environment/endpoints.js';
import { firstMasterOf, layOut } from '../../../../harness/environment/layout.js';
import { proxiesOfLink } from '../../../../harness/environment/toxiproxy-control.js';
import type { RedisSpec } from '../../../../harness/scenario/scenario.js';

function lay(spec: RedisSpec) {
  let port = 1000;
  return layOut(spec, async () => ++port);
}

const sentinelSpec: RedisSpec = {
  topology: 'sentinel',
  replicas: 1,
  sentinel: { count: 3, downAfterMs: 1000, failoverTimeoutMs: 5000 },
  ownLinks: ['producer-2'],
  config: {},
};

describe('layOut', () => {
  it('gives a standalone one link, and no one to announce itself to', async () => {
    const spec: RedisSpec = { topology: 'standalone', replicas: 0, config: {} };
    const layout = await lay(spec);
    expect(layout.links.map(({ name }) => name)).toEqual(['redis-1.clients']);
    expect(layout.nodes[0]!.peers).toBeUndefined();
    expect(driverEndpoints(spec, layout).redis).toMatchObject({ topology: 'standalone', replicas: 0, natMap: {} });
    expect(driverEndpoints(spec, layout).redis).not.toHaveProperty('sentinel');
  });

  it('never uses a port or a proxy twice', async () => {
    const spec: RedisSpec = { topology: 'cluster', replicas: 2, masters: 3, ownLinks: ['producer-1'], config: {} };
    const { nodes, links, busRoutes } = await lay(spec);
    const proxies = links.flatMap(proxiesOfLink);
    expect(new Set(proxies.map(({ name }) => name)).size).toBe(proxies.length);
    const listens = [
      ...proxies.map(({ listen }) => Number(listen.split(':')[1])),
      ...nodes.flatMap(({ direct, bus }) => [direct.port, bus!.port]),
      ...busRoutes.map(({ listenPort }) => listenPort),
    ];
    expect(new Set(listens).size).toBe(listens.length);
  });

  it('leads the bus from node to node through a proxy of each link, and shares none', async () => {
    const { nodes, busRoutes } = await lay({ topology: 'cluster', replicas: 1, masters: 3, config: {} });
    const proxies = new Map(
      nodes.flatMap(({ name, peers }) => (peers?.bus ?? []).map((proxy) => [proxy.port, { ...proxy, of: name }])),
    );
    expect(busRoutes.map(({ listenPort }) => listenPort)).toEqual(nodes.map(({ bus }) => bus!.announcedPort));
    for (const [to, { proxyPorts }] of busRoutes.entries()) {
      const senders = nodes.filter((_, from) => from !== to);
      expect(Object.keys(proxyPorts).map(Number)).toEqual(senders.map(({ peers }) => peers!.port));
      for (const sender of senders) {
        const outward = proxies.get(proxyPorts[sender.peers!.port]!)!;
        expect(outward.of).toBe(sender.name);
        const inward = proxies.get(outward.upstream.port)!;
        expect(inward.of).toBe(nodes[to]!.name);
        expect(inward.upstream.port).toBe(nodes[to]!.bus!.port);
      }
    }
  });
});

it('replicas belong to the masters in turn', () => {
  expect([0, 1, 2, 3, 4, 5].map((index) => firstMasterOf(index, { masters: 3 }))).toEqual([0, 1, 2, 0, 1, 2]);
  expect([0, 1, 2].map((index) => firstMasterOf(index, {}))).toEqual([0, 0, 0]);
});

describe('endpoints', () => {
  it('map what servers announce to where clients reach them', async () => {
    const layout = await lay(sentinelSpec);
    const { redis } = driverEndpoints(sentinelSpec, layout);
    for (const { name, peers } of [...layout.nodes, ...layout.sentinels]) {
      const clients = [...redis.nodes, ...redis.sentinel!.nodes].find((node) => node.name === name)!;
      expect(redis.natMap![`127.0.0.1:${peers!.port}`]).toEqual({ host: clients.host, port: clients.port });
    }
    expect(Object.keys(redis.natMap!)).toHaveLength(5);
  });

  it('of a worker with own links lead through these, and nowhere else', async () => {
    const layout = await lay(sentinelSpec);
    const own = layout.links.filter(({ name }) => name.endsWith('.producer-2')).map(({ port }) => port);
    const { redis } = ownEndpoints(sentinelSpec, layout)['producer-2']!;
    expect([...redis.nodes, ...redis.sentinel!.nodes].map(({ port }) => port)).toEqual(own);
    expect(Object.values(redis.natMap!).map(({ port }) => port)).toEqual(own);
    expect(ownEndpoints({ ...sentinelSpec, ownLinks: [] }, layout)).toEqual({});
  });
});
