import type { RedisEndpoint } from '../../broker/redis/network.js';
import type { DriverEndpoints } from './driver.js';

/** The broker's way to write where Redis is. */
export function referenceEndpoint({ redis }: DriverEndpoints): RedisEndpoint {
  const { topology, nodes, replicas = 0, sentinel, natMap = {}, username, password } = redis;
  const credentials = { ...(username !== undefined && { username }), ...(password !== undefined && { password }) };
  const addresses = (of: typeof nodes) => of.map(({ host, port }) => ({ host, port }));
  switch (topology) {
    case 'standalone':
    case 'replicated':
      return { ...addresses(nodes)[0]!, ...(replicas > 0 && { replicas }), ...credentials };
    case 'sentinel':
      return { sentinels: addresses(sentinel!.nodes), master: sentinel!.master, natMap, ...credentials };
    case 'cluster':
      return { cluster: addresses(nodes), natMap, ...credentials };
    default:
      return topology satisfies never;
  }
}
