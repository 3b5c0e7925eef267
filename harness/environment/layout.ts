import type { RedisSpec } from '../scenario/scenario.js';
import type { BusRoute } from './bus-relay-protocol.js';
import type { Link, LinkProxy, RedisNode } from './environment.js';

/** A server with its addresses, before its process exists. */
export type ServerPlace = Omit<RedisNode, 'process'>;

/** Names, ports and links of all servers of a topology. */
export interface Layout {
  /** Those that start as masters first. */
  readonly nodes: readonly ServerPlace[];
  readonly sentinels: readonly ServerPlace[];
  readonly links: readonly Link[];
  /** Empty outside a cluster. */
  readonly busRoutes: readonly BusRoute[];
}

type ClaimPort = () => Promise<number>;

const HOST = '127.0.0.1';

/** Claims a port for every server and every proxy. */
export async function layOut(spec: RedisSpec, claimPort: ClaimPort): Promise<Layout> {
  const { topology, replicas, masters = 1, ownLinks = [] } = spec;
  const links: Link[] = [];
  const addServer = async (name: string, password?: string): Promise<ServerPlace> => {
    const direct = { host: HOST, port: await claimPort() };
    const linkTo = async (side: string): Promise<Link> => {
      const link = { name: `${name}.${side}`, ...(await proxyTo(direct.port, `${name}.${side}`, claimPort)) };
      links.push(link);
      return link;
    };
    const clients = await linkTo('clients');
    const peers = topology === 'standalone' ? undefined : await linkTo('peers');
    for (const worker of ownLinks) await linkTo(worker);
    return { name, direct: password ? { ...direct, password } : direct, clients, peers };
  };

  const nodes: ServerPlace[] = [];
  const sentinels: ServerPlace[] = [];
  for (let number = 1; number <= masters * (1 + replicas); number++) {
    nodes.push(await addServer(`redis-${number}`, spec.config.requirepass));
  }
  for (let number = 1; number <= (spec.sentinel?.count ?? 0); number++) {
    sentinels.push(await addServer(`sentinel-${number}`));
  }
  const plain = { nodes, sentinels, links, busRoutes: [] };
  return topology === 'cluster' ? addBus(plain, claimPort) : plain;
}

/** Number of the master (from 0) that the node with this number (from 0) starts as a replica of, or is itself. */
export function firstMasterOf(index: number, { masters = 1 }: Pick<RedisSpec, 'masters'>): number {
  return index % masters;
}

/**
 * The bus of a cluster. From node A to node B: what B announces (the relay, which knows A by its first packet), the proxy
 * of A's link towards B, the proxy of B's link, B. So each link has all that its node hears and says, and none is shared.
 */
async function addBus({ nodes, sentinels, links }: Layout, claimPort: ClaimPort): Promise<Layout> {
  const buses: { port: number; announcedPort: number; inward: LinkProxy; outward: LinkProxy[] }[] = [];
  for (const { name } of nodes) {
    const port = await claimPort();
    const inward = await proxyTo(port, `${name}.peers-bus`, claimPort);
    buses.push({ port, announcedPort: await claimPort(), inward, outward: [] });
  }
  const busRoutes: BusRoute[] = [];
  for (const [to, { announcedPort, inward }] of buses.entries()) {
    const proxyPorts: Record<string, number> = {};
    for (const [from, { outward }] of buses.entries()) {
      if (from === to) continue;
      const proxy = await proxyTo(inward.port, `${nodes[from]!.name}.peers-bus-to-${nodes[to]!.name}`, claimPort);
      outward.push(proxy);
      proxyPorts[nodes[from]!.peers!.port] = proxy.port;
    }
    busRoutes.push({ listenPort: announcedPort, proxyPorts });
  }
  const withBus = (link: Link): Link => {
    const bus = buses[nodes.findIndex(({ peers }) => peers?.name === link.name)];
    return bus === undefined ? link : { ...link, bus: [bus.inward, ...bus.outward] };
  };
  return {
    nodes: nodes.map((node, index) => {
      const { port, announcedPort } = buses[index]!;
      return { ...node, peers: node.peers && withBus(node.peers), bus: { port, announcedPort } };
    }),
    sentinels,
    links: links.map(withBus),
    busRoutes,
  };
}

async function proxyTo(port: number, proxy: string, claimPort: ClaimPort): Promise<LinkProxy> {
  return { proxy, host: HOST, port: await claimPort(), upstream: { host: HOST, port } };
}
