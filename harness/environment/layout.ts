import type { RedisSpec } from '../scenario/scenario.js';
import type { Link, LinkProxy, RedisNode } from './environment.js';

/** A server with its addresses, before its process exists. */
export type ServerPlace = Omit<RedisNode, 'process'>;

/** Names, ports and links of all servers of a topology. */
export interface Layout {
  /** Those that start as masters first. */
  readonly nodes: readonly ServerPlace[];
  readonly sentinels: readonly ServerPlace[];
  readonly links: readonly Link[];
}

const HOST = '127.0.0.1';

/** Claims a port for every server and every proxy. */
export async function layOut(spec: RedisSpec, claimPort: () => Promise<number>): Promise<Layout> {
  const { topology, replicas, masters = 1, ownLinks = [] } = spec;
  const links: Link[] = [];

  const proxyTo = async (proxy: string, upstream: LinkProxy['upstream']): Promise<LinkProxy> => ({
    proxy,
    host: HOST,
    port: await claimPort(),
    upstream,
  });
  const addLink = async (name: string, upstream: LinkProxy['upstream'], hasBus = false): Promise<Link> => {
    const proxy = await proxyTo(name, upstream);
    const bus = hasBus ? await proxyTo(`${name}-bus`, { host: HOST, port: await claimPort() }) : undefined;
    const link: Link = { name, ...proxy, ...(bus === undefined ? {} : { bus }) };
    links.push(link);
    return link;
  };
  const addServer = async (name: string, password?: string): Promise<ServerPlace> => {
    const upstream = { host: HOST, port: await claimPort() };
    const clients = await addLink(`${name}.clients`, upstream);
    const peers =
      topology === 'standalone' ? undefined : await addLink(`${name}.peers`, upstream, topology === 'cluster');
    for (const worker of ownLinks) await addLink(`${name}.${worker}`, upstream);
    return { name, direct: password ? { ...upstream, password } : upstream, clients, peers };
  };

  const nodes: ServerPlace[] = [];
  const sentinels: ServerPlace[] = [];
  const count = masters * (1 + replicas);
  for (let number = 1; number <= count; number++) {
    nodes.push(await addServer(`redis-${number}`, spec.config.requirepass));
  }
  for (let number = 1; number <= (spec.sentinel?.count ?? 0); number++) {
    sentinels.push(await addServer(`sentinel-${number}`));
  }
  return { nodes, sentinels, links };
}

/** Number of the master (from 0) that the node with this number (from 0) starts as a replica of, or is itself. */
export function firstMasterOf(index: number, { masters = 1 }: Pick<RedisSpec, 'masters'>): number {
  return index % masters;
}
