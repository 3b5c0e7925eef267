import type { DriverEndpoints, NodeAddress } from '../drivers/driver.js';
import type { RedisSpec } from '../scenario/scenario.js';
import type { Layout, ServerPlace } from './layout.js';
import { MASTER_NAME } from './sentinel-config.js';
import { formatAddress } from './server-url.js';

/** What drivers get to know: every address behind the client proxies, or behind those of `worker` alone. */
export function driverEndpoints(
  spec: RedisSpec,
  { nodes, sentinels, links }: Layout,
  worker?: string,
): DriverEndpoints {
  const addressOf = ({ name, clients }: ServerPlace): NodeAddress => {
    const { host, port } = links.find((link) => link.name === `${name}.${worker}`) ?? clients;
    return { name, host, port };
  };
  const announced = [...nodes, ...sentinels].flatMap((place) => {
    const { host, port } = addressOf(place);
    return place.peers === undefined ? [] : [[formatAddress(place.peers), { host, port }] as const];
  });
  const password = spec.config.requirepass;
  return {
    redis: {
      topology: spec.topology,
      nodes: nodes.map(addressOf),
      replicas: spec.replicas,
      ...(sentinels.length > 0 && { sentinel: { master: MASTER_NAME, nodes: sentinels.map(addressOf) } }),
      natMap: Object.fromEntries(announced),
      ...(password && { password }),
    },
  };
}

/** Endpoints of the workers that have links of their own, by name. */
export function ownEndpoints(spec: RedisSpec, layout: Layout): Readonly<Record<string, DriverEndpoints>> {
  return Object.fromEntries((spec.ownLinks ?? []).map((worker) => [worker, driverEndpoints(spec, layout, worker)]));
}
