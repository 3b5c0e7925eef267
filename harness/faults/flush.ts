import { z } from 'zod';
import type { FaultKind } from './fault.js';
import { done } from './node-commands.js';
import { onNode } from './node-connection.js';
import { nodeName, resolveFaultNode } from './node-target.js';
import { transaction } from './transaction.js';

const params = z.strictObject({ flush: nodeName });

export const flush: FaultKind<z.output<typeof params>> = {
  name: 'flush',
  summary: 'Deletes everything that a Redis master holds (FLUSHALL), on its replicas too.',
  example: '{ at: steady + 5s, flush: redis-master }',
  params,
  targets: ({ flush }) => [{ kind: 'node', node: flush }],
  cutsOff: true,
  liftAfterMs: () => 0,
  inject: async ({ environment }, { flush }) => {
    const node = await resolveFaultNode(environment, flush);
    const [before, , after] = await onNode(node, (redis) =>
      transaction(redis, [['DBSIZE'], ['FLUSHALL', 'SYNC'], ['DBSIZE']]),
    );
    return done(`${node.name} flushed`, [node], {
      tookHold: Number(before) > 0 && after === 0,
      observed: `it held ${before} keys, and ${after} right afterwards`,
    });
  },
};
