import { z } from 'zod';
import type { Environment } from '../environment/environment.js';
import { down } from './down.js';
import type { FaultKind, InjectedFault } from './fault.js';
import { resolveFaultNode } from './node-target.js';
import { isWorkerName, processName } from './process-target.js';
import { timeout } from './timeout.js';

const MEMBERS = 'a list of servers, and of workers with links of their own, such as [redis-1, sentinel-1, producer-2]';

const params = z.strictObject({
  partition: z
    .array(processName, MEMBERS)
    .min(1)
    .refine((names) => names.some((name) => !isWorkerName(name)), 'a list with at least one server')
    .describe(MEMBERS),
  clients: z.boolean().default(false).describe('Cuts the clients off these servers, too, those in the list excepted.'),
  silent: z.boolean().default(true).describe('true: nothing comes through, connections stay; false: they are refused.'),
});

/**
 * A server is cut off by the links that lead to it, for whoever uses them: the others cannot reach it (nor can the other
 * servers of the list). What it opens itself to one outside, a replica to its master or a Sentinel to another one, goes over
 * that one's links and stays. So put the master on the side that is cut off, not its replicas.
 */
export const partition: FaultKind<z.output<typeof params>> = {
  name: 'partition',
  summary:
    'Cuts servers off all others: nobody reaches them over their peer links (with clients: true, no client either).',
  example: '{ at: steady + 5s, for: 10s, partition: [redis-1, sentinel-1], silent: true }',
  params,
  targets: ({ partition, clients }) => {
    const workers = partition.filter(isWorkerName);
    return partition
      .filter((name) => !isWorkerName(name))
      .flatMap((name) => ['peers', ...(clients ? ['clients'] : []), ...workers].map((side) => `${name}.${side}`))
      .map((link) => ({ kind: 'link', link }));
  },
  topologies: ['replicated', 'sentinel', 'cluster'],
  cutsOff: true,
  inject: async (context, { partition, clients, silent }, signal) => {
    const { environment } = context;
    const links = await linksToCut(environment, partition, clients);
    const cut = (link: string) =>
      silent
        ? timeout.inject(context, { timeout: 0, link, direction: 'both' }, signal)
        : down.inject(context, { down: link }, signal);
    const cuts: InjectedFault[] = [];
    try {
      for (const link of links) cuts.push(await cut(link));
    } catch (error) {
      await liftAll(cuts, new AbortController().signal);
      throw error;
    }
    return {
      description: `${partition.join(', ')} cut off: ${links.join(', ')} ${silent ? 'silent' : 'down'}`,
      affected: [...new Set(cuts.flatMap(({ affected }) => affected))],
      prove: async (signal) => {
        const evidence = await Promise.all(cuts.map((one) => one.prove(signal)));
        return {
          tookHold: evidence.every(({ tookHold }) => tookHold),
          observed: evidence.map(({ observed }) => observed).join('; '),
        };
      },
      lift: (signal) => liftAll(cuts, signal),
    };
  },
};

/** Names of the links that lead from one side to the other. */
async function linksToCut(environment: Environment, members: readonly string[], clients: boolean): Promise<string[]> {
  const servers = [...environment.nodes, ...environment.sentinels];
  const named = members.filter((name) => !isWorkerName(name));
  const inside = new Set(
    (await Promise.all(named.map((name) => resolveFaultNode(environment, name)))).map((node) => node.name),
  );
  return servers.flatMap(({ name }) => {
    const own = environment.links.flatMap((link) => (link.name.startsWith(`${name}.`) ? [link.name] : []));
    const user = (link: string) => link.slice(name.length + 1);
    if (!inside.has(name)) return own.filter((link) => members.includes(user(link)));
    return own.filter((link) => user(link) === 'peers' || (clients && !members.includes(user(link))));
  });
}

/** Each of them, the last one first, whatever becomes of the others; rejects with the first failure. */
async function liftAll(cuts: readonly InjectedFault[], signal: AbortSignal): Promise<void> {
  const failures: unknown[] = [];
  for (const cut of cuts.toReversed()) await cut.lift(signal).catch((error: unknown) => failures.push(error));
  if (failures.length > 0) throw failures[0];
}
