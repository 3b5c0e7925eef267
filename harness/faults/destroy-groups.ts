import { z } from 'zod';
import type { RedisNode } from '../environment/environment.js';
import type { FaultKind } from './fault.js';
import { FaultError } from './fault-error.js';
import { keyPattern, keysLike } from './key-pattern.js';
import { done, mastersOf } from './node-commands.js';
import { onNode } from './node-connection.js';
import { transaction } from './transaction.js';

const params = z.strictObject({ destroyGroups: keyPattern });

export const destroyGroups: FaultKind<z.output<typeof params>> = {
  name: 'destroyGroups',
  summary: 'Destroys all consumer groups (XGROUP DESTROY) of the streams that match a pattern, on every master.',
  example: "{ at: steady + 5s, destroyGroups: 'gauntlet-*' }",
  params,
  targets: () => [{ kind: 'node', node: 'redis-master' }],
  cutsOff: true,
  liftAfterMs: () => 0,
  inject: async ({ environment }, { destroyGroups }) => {
    const masters = await mastersOf(environment);
    if (masters.length === 0) throw new FaultError('no-such-target', 'No Redis node answers as a master');
    const results = await Promise.all(masters.map((node) => destroyOn(node, destroyGroups)));
    const found = results.reduce((sum, [count]) => sum + count, 0);
    const left = results.reduce((sum, [, count]) => sum + count, 0);
    return done(`groups of ${destroyGroups} destroyed on ${masters.map(({ name }) => name).join(', ')}`, masters, {
      tookHold: found > 0 && left === 0,
      observed: `there were ${found} groups, and ${left} right afterwards`,
    });
  },
};

/** How many groups there were, and how many after their destruction. */
function destroyOn(node: RedisNode, pattern: string): Promise<[number, number]> {
  return onNode(node, async (redis) => {
    let found = 0;
    let left = 0;
    for (const stream of await keysLike(redis, pattern, 'stream')) {
      const names = namesOf(await redis.xinfo('GROUPS', stream));
      if (names.length === 0) continue;
      const destroys = names.map((group) => ['XGROUP', 'DESTROY', stream, group]);
      const replies = await transaction(redis, [...destroys, ['XINFO', 'GROUPS', stream]]);
      found += names.length;
      left += namesOf(replies.at(-1)).length;
    }
    return [found, left];
  });
}

/** Of a reply of XINFO GROUPS: a map each, or its flat list. */
function namesOf(groups: unknown): string[] {
  return (groups as unknown[]).map((group) => {
    if (!Array.isArray(group)) return String((group as { readonly name: unknown }).name);
    return String(group[group.indexOf('name') + 1]);
  });
}
