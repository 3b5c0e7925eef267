import type { Redis } from 'ioredis';
import { z } from 'zod';
import type { FaultKind } from './fault.js';
import { done } from './node-commands.js';
import { onNode } from './node-connection.js';
import { nodeName, resolveFaultNode } from './node-target.js';

const params = z.strictObject({ clientKill: nodeName });

export const clientKill: FaultKind<z.output<typeof params>> = {
  name: 'clientKill',
  summary: 'Closes all client connections of a Redis node from its side (CLIENT KILL), replicas spared.',
  example: '{ at: steady + 5s, every: 2s, times: 5, clientKill: redis-master }',
  params,
  targets: ({ clientKill }) => [{ kind: 'node', node: clientKill }],
  cutsOff: true,
  liftAfterMs: () => 0,
  inject: async ({ environment }, { clientKill }) => {
    const node = await resolveFaultNode(environment, clientKill);
    const [before, left] = await onNode(node, async (redis) => {
      const own = String(await redis.client('ID'));
      const before = (await clientIds(redis)).filter((id) => id !== own);
      await redis.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
      const after = new Set(await clientIds(redis));
      return [before, before.filter((id) => after.has(id))];
    });
    return done(`client connections of ${node.name} closed`, [node], {
      tookHold: before.length > 0 && left.length === 0,
      observed: `of ${before.length} client connections ${left.length} are left`,
    });
  },
};

async function clientIds(redis: Redis): Promise<string[]> {
  const list = String(await redis.call('CLIENT', 'LIST', 'TYPE', 'normal'));
  return [...list.matchAll(/^id=(\d+)/gm)].map(([, id]) => id as string);
}
