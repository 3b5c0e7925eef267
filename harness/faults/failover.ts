import { z } from 'zod';
import { waitFor } from '../environment/wait-for.js';
import type { FaultKind } from './fault.js';
import { nodeName, resolveFaultNode } from './node-target.js';
import { FAILOVER_MODES, isWhole, orderTakeOver } from './take-over.js';

const params = z.strictObject({
  failover: nodeName,
  mode: z
    .enum(FAILOVER_MODES)
    .exactOptional()
    .describe('In a cluster: force goes on without the master, takeover also without the other masters.'),
});

/** Sentinel waits for the replica's own word; a cluster for the old master to stop its clients. */
const SUCCESSOR_DEADLINE_MS = 25_000;
const WHOLE_DEADLINE_MS = 30_000;

export const failover: FaultKind<z.output<typeof params>> = {
  name: 'failover',
  summary: 'Orders a failover (SENTINEL FAILOVER, CLUSTER FAILOVER); lifted when all follow the new master.',
  example: '{ at: steady + 5s, failover: redis-master }',
  params,
  targets: ({ failover }) => [{ kind: 'node', node: failover }],
  topologies: ['sentinel', 'cluster'],
  cutsOff: true,
  liftAfterMs: () => 0,
  inject: async (context, { failover, mode }, signal) => {
    const { environment, clock, log } = context;
    const node = await resolveFaultNode(environment, failover);
    const takeOver = await orderTakeOver(context, node, signal, mode);
    return {
      description: `failover of ${node.name}${mode === undefined ? '' : `, mode ${mode}`}`,
      affected: [node.name],
      prove: async (signal) => {
        const successor = await waitFor(takeOver.successor, { clock, deadlineMs: SUCCESSOR_DEADLINE_MS }, signal);
        const what = successor === undefined ? 'nobody has taken over from' : `${successor.name} is master instead of`;
        return { tookHold: successor !== undefined, observed: `${what} ${node.name}` };
      },
      lift: async (signal) => {
        // There is nothing to undo: whatever keeps the others from following the new master is not this fault.
        const whole = await waitFor(
          async () => (await isWhole(environment)) || undefined,
          { clock, deadlineMs: WHOLE_DEADLINE_MS },
          signal,
        );
        if (!whole) log(`${WHOLE_DEADLINE_MS / 1000} s after the failover of ${node.name} not all follow one master`);
      },
    };
  },
};
