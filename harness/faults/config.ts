import { z } from 'zod';
import type { RedisNode } from '../environment/environment.js';
import { redisInfo } from '../environment/redis-probe.js';
import type { FaultKind } from './fault.js';
import { FaultError } from './fault-error.js';
import { writeRefusal } from './node-commands.js';
import { nodeName, resolveFaultNode } from './node-target.js';
import { override, readSettings } from './settings.js';

const settings = z
  .record(
    z.string().regex(/^[a-z][a-z0-9-]*$/, 'a redis.conf directive such as maxmemory'),
    z.union([z.string(), z.number(), z.boolean()], 'text, a number, true or false'),
  )
  .refine((record) => Object.keys(record).length > 0, 'at least one directive, such as { maxmemory: 1mb }')
  .transform((record) => Object.fromEntries(Object.entries(record).map(([name, value]) => [name, text(value)])))
  .describe('redis.conf directives; true and false are "yes" and "no".');

const params = z.strictObject({ config: nodeName, set: settings });

export const config: FaultKind<z.output<typeof params>> = {
  name: 'config',
  summary: 'Changes parameters of a running Redis node (CONFIG SET): memory full, too few replicas to write, fsync.',
  example: '{ at: steady + 5s, for: 5s, config: redis-master, set: { maxmemory: 1mb } }',
  params,
  targets: ({ config }) => [{ kind: 'node', node: config }],
  inject: async ({ environment }, { config, set }) => {
    const node = await resolveFaultNode(environment, config);
    const names = Object.keys(set);
    const before = await readSettings(node, names);
    const unknown = names.filter((name) => before[name] === undefined);
    if (unknown.length > 0) {
      throw new FaultError('no-such-target', `${node.name} has no parameter ${unknown.join(', ')}`);
    }
    const restore = await override(environment, node, set);

    let restored = false;
    return {
      description: `${node.name} set to ${describe(set)}`,
      affected: [node.name],
      prove: async () => {
        const now = await readSettings(node, names);
        const changed = names.every((name) => now[name] !== before[name]);
        const expected = changed ? await expectedRefusal(node, now) : undefined;
        const refusal = await writeRefusal(node);
        return {
          tookHold: changed && (expected === undefined || refusal?.startsWith(expected) === true),
          observed: `${describe(now)} (before: ${describe(before)}); a write ${refusal === undefined ? 'is taken' : `meets ${refusal}`}`,
        };
      },
      lift: async () => {
        if (restored) return;
        await restore();
        restored = true;
      },
    };
  },
};

/** How Redis has to refuse a write with these settings as things are; undefined: it need not. */
async function expectedRefusal(
  node: RedisNode,
  settings: Readonly<Record<string, string>>,
): Promise<string | undefined> {
  const limit = Number(settings.maxmemory ?? 0);
  if (limit > 0) {
    const memory = await redisInfo(node.direct, 'memory');
    // As Redis reckons: without its buffers for replicas and the append-only file.
    const used = Number(memory.get('used_memory')) - Number(memory.get('mem_not_counted_for_evict'));
    if (used > limit && memory.get('maxmemory_policy') === 'noeviction') return 'OOM';
  }
  const replicas = Number(settings['min-replicas-to-write'] ?? 0);
  if (replicas > 0) {
    const replication = await redisInfo(node.direct, 'replication');
    if (Number(replication.get('connected_slaves')) < replicas) return 'NOREPLICAS';
  }
  return undefined;
}

function describe(settings: Readonly<Record<string, string>>): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name} ${value || '""'}`)
    .join(', ');
}

function text(value: string | number | boolean): string {
  return typeof value === 'boolean' ? (value ? 'yes' : 'no') : String(value);
}
