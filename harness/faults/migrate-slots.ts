import { z } from 'zod';
import type { Environment } from '../environment/environment.js';
import { moveSlots, slotsOf, slotsWithKeys } from './cluster-slots.js';
import { type ClusterMember, clusterMembers, masterOfShard } from './cluster-view.js';
import type { FaultKind } from './fault.js';
import { FaultError } from './fault-error.js';
import { nodeName, resolveFaultNode } from './node-target.js';

const params = z.strictObject({
  migrateSlots: nodeName,
  to: nodeName.default('redis-master-2'),
  slots: z.int().min(1).max(16_384).exactOptional().describe('So many; when left out, all that hold keys.'),
});

export const migrateSlots: FaultKind<z.output<typeof params>> = {
  name: 'migrateSlots',
  summary: 'Moves slots with their keys from one master of a cluster to another; lifted, back again.',
  example: '{ at: steady + 5s, for: 10s, migrateSlots: redis-master, to: redis-master-2 }',
  params,
  targets: ({ migrateSlots, to }) => [
    { kind: 'node', node: migrateSlots },
    { kind: 'node', node: to },
  ],
  topologies: ['cluster'],
  cutsOff: true,
  inject: async ({ environment, clock }, { migrateSlots, to, slots: count }, signal) => {
    const sinceNs = clock.nowNs();
    const ends = await Promise.all([migrateSlots, to].map((name) => resolveFaultNode(environment, name)));
    const [from, target] = ends.map(({ name }) => name) as [string, string];
    const { from: source } = await shardsOf(environment, from, target);
    const chosen = await chooseSlots(source, count);
    const moved: number[] = [];
    let keys = 0;
    const move = async (slots: readonly number[], signal: AbortSignal) =>
      moveSlots(
        await shardsOf(environment, from, target),
        slots,
        (slot, count) => {
          moved.push(slot);
          keys += count;
        },
        signal,
      );
    const moveBack = async (signal: AbortSignal) => {
      const forget = (slot: number) => void moved.splice(moved.indexOf(slot), 1);
      if (moved.length > 0) await moveSlots(await shardsOf(environment, target, from), [...moved], forget, signal);
    };
    try {
      await move(chosen, signal);
    } catch (error) {
      await moveBack(new AbortController().signal);
      throw error;
    }

    return {
      description: `${chosen.length} slots moved from ${from} to ${target}`,
      affected: [from, target],
      sinceNs,
      prove: async () => {
        const { from: before, to: after } = await shardsOf(environment, from, target);
        const seen = await Promise.all([before, after].map(async ({ node }) => new Set(await slotsOf(node, after))));
        return {
          tookHold: seen.every((owned) => chosen.every((slot) => owned.has(slot))),
          observed: `${keys} keys moved; of ${chosen.length} slots ${from} and ${target} say that ${target} has ${seen
            .map((owned) => chosen.filter((slot) => owned.has(slot)).length)
            .join(' and ')}`,
        };
      },
      lift: moveBack,
    };
  },
};

/** The masters of the shards to which the nodes belong at the moment, and all other masters. */
async function shardsOf(environment: Environment, from: string, to: string) {
  const members = await clusterMembers(environment);
  const ends = { from: masterOfShard(members, from), to: masterOfShard(members, to) };
  if (ends.from === ends.to) {
    throw new FaultError('no-such-target', `${from} and ${to} are of one shard; name the master of another as to`);
  }
  const others = members.filter((member) => member.isMaster && member !== ends.from && member !== ends.to);
  return { ...ends, others };
}

async function chooseSlots(source: ClusterMember, count: number | undefined): Promise<readonly number[]> {
  const owned = await slotsOf(source.node, source);
  const full = await slotsWithKeys(source.node, owned);
  const others = count === undefined ? [] : owned.filter((slot) => !full.includes(slot));
  const chosen = [...full, ...others].slice(0, count);
  if (chosen.length > 0) return chosen;
  throw new FaultError(
    'no-such-target',
    `${source.node.name} has no slot ${count === undefined ? 'with keys ' : ''}to be moved`,
  );
}
