import type { Redis } from 'ioredis';
import type { RedisNode } from '../environment/environment.js';
import type { ClusterMember } from './cluster-view.js';
import { FaultError } from './fault-error.js';
import { onNode } from './node-connection.js';

/** A whole slot goes over in one command if it can: both nodes stand still meanwhile, and no script sees half of its keys. */
const KEYS_AT_ONCE = 1000;
const MIGRATE_DEADLINE_MS = 8000;

/** Slots that the node says are this member's, in order. */
export async function slotsOf(node: RedisNode, { id }: ClusterMember): Promise<number[]> {
  type Range = [first: number, last: number, master: [host: string, port: number, id: string]];
  const ranges = await onNode(node, async (redis) => (await redis.call('CLUSTER', 'SLOTS')) as Range[]);
  return ranges
    .filter(([, , master]) => master[2] === id)
    .flatMap(([first, last]) => Array.from({ length: last - first + 1 }, (_, index) => first + index))
    .sort((a, b) => a - b);
}

/** Of these slots those in which the node holds keys. */
export function slotsWithKeys(node: RedisNode, slots: readonly number[]): Promise<number[]> {
  return onNode(node, async (redis) => {
    const pipeline = redis.pipeline();
    for (const slot of slots) pipeline.call('CLUSTER', 'COUNTKEYSINSLOT', String(slot));
    const counts = (await pipeline.exec()) ?? [];
    return slots.filter((_, index) => Number(counts[index]?.[1]) > 0);
  });
}

/**
 * Moves slots from one master to another as redis-cli does, under whatever load there is. Calls `onMoved` after each;
 * when one fails, its keys are back where they were and the slot is stable.
 */
export function moveSlots(
  { from, to, others }: { from: ClusterMember; to: ClusterMember; others: readonly ClusterMember[] },
  slots: readonly number[],
  onMoved: (slot: number, keys: number) => void,
  signal: AbortSignal,
): Promise<void> {
  return onNode(from.node, (source) =>
    onNode(to.node, async (target) => {
      for (const slot of slots) {
        signal.throwIfAborted();
        onMoved(slot, await moveSlot({ source, target, from, to }, slot));
        // They would learn it by gossip; told at once, they redirect nobody to the wrong node.
        for (const { node } of others) {
          await onNode(node, (redis) => setSlot(redis, slot, 'NODE', to.id)).catch(() => {});
        }
      }
    }),
  );
}

interface Move {
  readonly source: Redis;
  readonly target: Redis;
  readonly from: ClusterMember;
  readonly to: ClusterMember;
}

async function moveSlot({ source, target, from, to }: Move, slot: number): Promise<number> {
  await setSlot(target, slot, 'IMPORTING', from.id);
  try {
    await setSlot(source, slot, 'MIGRATING', to.id);
    const moved = await migrateKeys(source, slot, to.node);
    await setSlot(target, slot, 'NODE', to.id);
    await setSlot(source, slot, 'NODE', to.id);
    return moved;
  } catch (error) {
    await migrateKeys(target, slot, from.node).catch(() => {});
    for (const redis of [source, target]) await setSlot(redis, slot, 'STABLE').catch(() => {});
    throw error;
  }
}

function setSlot(redis: Redis, slot: number, ...state: string[]): Promise<unknown> {
  return redis.call('CLUSTER', 'SETSLOT', String(slot), ...state);
}

/** All keys of a slot to another node, until none is left. */
async function migrateKeys(source: Redis, slot: number, { direct, peers }: RedisNode): Promise<number> {
  const { host, port } = peers ?? direct;
  const auth = direct.password === undefined ? [] : ['AUTH', direct.password];
  let moved = 0;
  let last = '';
  for (;;) {
    const keys = (await source.call('CLUSTER', 'GETKEYSINSLOT', String(slot), String(KEYS_AT_ONCE))) as string[];
    if (keys.length === 0) return moved;
    if (keys[0] === last) throw new FaultError('too-slow', `${last} is still where it was after its migration`);
    last = keys[0] ?? '';
    await source.call('MIGRATE', host, String(port), '', '0', String(MIGRATE_DEADLINE_MS), ...auth, 'KEYS', ...keys);
    moved += keys.length;
  }
}
