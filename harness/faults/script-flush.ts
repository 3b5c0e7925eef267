import { z } from 'zod';
import type { FaultKind } from './fault.js';
import { done } from './node-commands.js';
import { onNode } from './node-connection.js';
import { nodeName, resolveFaultNode } from './node-target.js';

const params = z.strictObject({ scriptFlush: nodeName });

/** Nobody but this fault loads it, so nobody loads it again before it is looked for. */
const WITNESS = "return 'a witness of gauntlet'";

export const scriptFlush: FaultKind<z.output<typeof params>> = {
  name: 'scriptFlush',
  summary: 'Empties the script cache of a Redis node: every EVALSHA fails until the script is loaded again.',
  example: '{ at: steady + 5s, scriptFlush: redis-master }',
  params,
  targets: ({ scriptFlush }) => [{ kind: 'node', node: scriptFlush }],
  liftAfterMs: () => 0,
  inject: async ({ environment }, { scriptFlush }) => {
    const node = await resolveFaultNode(environment, scriptFlush);
    const [before, after] = await onNode(node, async (redis) => {
      const sha = String(await redis.script('LOAD', WITNESS));
      const before = await redis.script('EXISTS', sha);
      await redis.script('FLUSH', 'SYNC');
      return [before, await redis.script('EXISTS', sha)].map((found) => (found as number[])[0]);
    });
    return done(`script cache of ${node.name} emptied`, [node], {
      tookHold: before === 1 && after === 0,
      observed: `SCRIPT EXISTS of a script loaded for it: ${before} before, ${after} after`,
    });
  },
};
