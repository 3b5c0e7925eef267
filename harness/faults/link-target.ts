import { z } from 'zod';
import type { Environment, Link, LinkProxy, RedisNode } from '../environment/environment.js';

import { FaultError } from './fault-error.js';
import { resolveFaultNode } from './node-target.js';
import type { ProbeAddress } from './probe.js';
import type { ToxicSpec } from './toxiproxy.js';

/** `redis-1.clients`, `redis-master.peers`, `sentinel-1.clients`, `redis-1.producer-2`. */
export const linkName = z
  .string()
  .regex(
    /^[a-z][a-z0-9-]*\.(clients|peers|(consumer|producer)-[1-9]\d*)$/,
    'a link such as redis-master.clients, redis-2.peers or redis-1.producer-2',
  )
  .describe(
    'What clients (<node>.clients), other servers (<node>.peers) or a worker with links of its own (<node>.<worker>) connect to.',
  );

const DIRECTIONS = ['upstream', 'downstream', 'both'] as const;
export type Direction = (typeof DIRECTIONS)[number];

export const direction = z
  .enum(DIRECTIONS)
  .describe('upstream: what is sent to the server; downstream: what it answers; both.');

export function streamsOf(direction: Direction): readonly ToxicSpec['stream'][] {
  return direction === 'both' ? ['upstream', 'downstream'] : [direction];
}

/** Where faults on links go unless they say otherwise. */
export const DEFAULT_LINK = 'redis-master.clients';

/** A link with both ways to the server behind it: through the proxy for the effect, direct for what is normal. */
export interface LinkTarget {
  readonly link: Link;
  readonly node: RedisNode;
  readonly through: ProbeAddress;
  readonly direct: ProbeAddress;
}

/** Throws {@link FaultError} `no-such-target`. A role (`redis-master`) is resolved at this moment. */
export async function resolveLink(environment: Environment, name: string): Promise<LinkTarget> {
  const [nodeName = '', side] = name.split('.');
  const node = await resolveFaultNode(environment, nodeName);
  const link = environment.links.find((known) => known.name === `${node.name}.${side}`);
  if (link === undefined) {
    const links = environment.links.map((known) => known.name).join(', ');
    throw new FaultError('no-such-target', `There is no link ${name} in this topology; there are ${links}`);
  }
  const { password } = node.direct;
  const through = { host: link.host, port: link.port, ...(password === undefined ? {} : { password }) };
  return { link, node, through, direct: node.direct };
}

/** All proxies of a link: what is done to one is done to the others. */
export function proxiesOf(link: Link): readonly LinkProxy['proxy'][] {
  return [link, ...(link.bus ?? [])].map(({ proxy }) => proxy);
}
