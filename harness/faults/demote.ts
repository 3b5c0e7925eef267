import { z } from 'zod';
import type { Environment, RedisNode } from '../environment/environment.js';
import { masterBySentinels } from '../environment/sentinel-state.js';
import { waitFor } from '../environment/wait-for.js';
import type { FaultKind } from './fault.js';
import { FaultError } from './fault-error.js';
import { holdsOf } from './holds.js';
import { roleOf, writeRefusal } from './node-commands.js';
import { tell } from './node-connection.js';
import { nodeName, resolveFaultNode } from './node-target.js';

const params = z.strictObject({ demote: nodeName });

const LIFT_DEADLINE_MS = 20_000;

/**
 * What REPLICAOF does to clients: blocked readers are woken with UNBLOCKED, writers meet READONLY, and nobody else is
 * master. The node follows a replica of its own (alone: itself), which has no master either, so neither copies anything.
 */
export const demote: FaultKind<z.output<typeof params>> = {
  name: 'demote',
  summary: 'Makes a master a replica (REPLICAOF) without making another one master; lifted, it is master again.',
  example: '{ at: steady + 5s, for: 3s, demote: redis-master }',
  params,
  targets: ({ demote }) => [{ kind: 'node', node: demote }],
  topologies: ['standalone', 'replicated', 'sentinel'],
  cutsOff: true,
  inject: async ({ environment, clock }, { demote }) => {
    const node = await resolveFaultNode(environment, demote);
    const role = await roleOf(node);
    if (role !== 'master') throw new FaultError('not-running', `${node.name} is no master (${role ?? 'no answer'})`);
    const others = environment.nodes.filter((other) => other !== node);
    const followed = others.find(({ name }) => !holdsOf(environment).isHeld(name)) ?? others[0] ?? node;
    const { host, port } = followed.peers ?? followed.direct;
    await tell(node, 'REPLICAOF', host, String(port));

    let lifted = false;
    return {
      description: `${node.name} made a replica of ${followed === node ? 'itself' : followed.name}`,
      affected: [node.name],
      prove: async () => {
        const [now, refusal] = [await roleOf(node), await writeRefusal(node)];
        return {
          tookHold: now === 'slave' && refusal?.startsWith('READONLY') === true,
          observed: `${node.name} says that it is ${now}; a write ${refusal === undefined ? 'is taken' : `meets ${refusal}`}`,
        };
      },
      lift: async (signal) => {
        if (!lifted && (await isNamedMaster(node, environment))) await tell(node, 'REPLICAOF', 'NO', 'ONE');
        lifted = true;
        const settled = await waitFor(
          async () => {
            if (holdsOf(environment).isHeld(node.name)) return true;
            return (await isMasterAgain(node, environment)) || undefined;
          },
          { clock, deadlineMs: LIFT_DEADLINE_MS },
          signal,
        );
        if (settled === undefined) {
          throw new FaultError('not-undone', `nobody is master ${LIFT_DEADLINE_MS / 1000} s after ${node.name} was`);
        }
      },
    };
  },
};

/** With Sentinels another node may have taken its place meanwhile: then that is how it ends. */
async function isNamedMaster(node: RedisNode, { sentinels, nodes }: Environment): Promise<boolean> {
  if (sentinels.length === 0) return true;
  const named = await masterBySentinels(sentinels, nodes);
  return named === undefined || named === node;
}

async function isMasterAgain(node: RedisNode, { sentinels, nodes }: Environment): Promise<boolean> {
  const master = sentinels.length === 0 ? node : await masterBySentinels(sentinels, nodes);
  return master !== undefined && (await roleOf(master)) === 'master';
}
