import { z } from 'zod';
import type { RedisNode } from '../environment/environment.js';
import type { FaultKind } from './fault.js';
import { FaultError } from './fault-error.js';
import { keyPattern, keysLike } from './key-pattern.js';
import { done, mastersOf } from './node-commands.js';
import { onNode } from './node-connection.js';
import { transaction } from './transaction.js';

const params = z.strictObject({ deleteKeys: keyPattern });

export const deleteKeys: FaultKind<z.output<typeof params>> = {
  name: 'deleteKeys',
  summary: 'Deletes all keys that match a pattern, on every master.',
  example: "{ at: steady + 5s, deleteKeys: 'g:{*}:log' }",
  params,
  targets: () => [{ kind: 'node', node: 'redis-master' }],
  cutsOff: true,
  liftAfterMs: () => 0,
  inject: async ({ environment }, { deleteKeys }) => {
    const masters = await mastersOf(environment);
    if (masters.length === 0) throw new FaultError('no-such-target', 'No Redis node answers as a master');
    const results = await Promise.all(masters.map((node) => deleteFrom(node, deleteKeys)));
    const found = results.reduce((sum, [count]) => sum + count, 0);
    const left = results.reduce((sum, [, count]) => sum + count, 0);
    return done(`keys ${deleteKeys} deleted on ${masters.map(({ name }) => name).join(', ')}`, masters, {
      tookHold: found > 0 && left === 0,
      observed: `${found} keys matched, ${left} were there right afterwards`,
    });
  },
};

/** How many keys there were, and how many after their deletion. */
function deleteFrom(node: RedisNode, pattern: string): Promise<[number, number]> {
  return onNode(node, async (redis) => {
    let found = 0;
    let left = 0;
    // One by one: in a cluster keys of different slots cannot be in one transaction.
    for (const key of await keysLike(redis, pattern)) {
      const [before, , after] = await transaction(redis, [
        ['EXISTS', key],
        ['DEL', key],
        ['EXISTS', key],
      ]);
      found += Number(before);
      left += Number(after);
    }
    return [found, left];
  });
}
