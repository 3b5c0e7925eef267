import { z } from 'zod';
import type { Environment, ManagedProcess, RedisNode } from '../environment/environment.js';
import { waitFor } from '../environment/wait-for.js';
import type { FaultContext, FaultKind } from './fault.js';
import { FaultError } from './fault-error.js';
import { holdsOf } from './holds.js';
import { roleOf } from './node-commands.js';
import { endsWithin, expectHealthy, resolveServer, runningPid, serverPid, stopsInOrder } from './process-target.js';
import { isWhole, orderTakeOver } from './take-over.js';

const GROUPS = ['redis', 'sentinel'] as const;
const WAYS = ['stop', 'kill'] as const;

const params = z.strictObject({
  rollingRestart: z.enum(GROUPS).describe('redis: every Redis node; sentinel: every Sentinel.'),
  by: z.enum(WAYS).default('stop').describe('stop: in order (SIGTERM); kill: SIGKILL.'),
});

const STOP_DEADLINE_MS = 15_000;
const KILL_DEADLINE_MS = 2000;
const BACK_DEADLINE_MS = 30_000;

/** What a restart of one server came to. */
interface Restarted {
  readonly name: string;
  readonly before: number;
  readonly after: number | undefined;
}

export const rollingRestart: FaultKind<z.output<typeof params>> = {
  name: 'rollingRestart',
  summary: 'Restarts servers in turn, each when the last one is back in sync; a master after its failover.',
  example: '{ at: steady + 5s, rollingRestart: redis, by: stop }',
  params,
  targets: ({ rollingRestart }) => [
    { kind: 'process', process: rollingRestart === 'redis' ? 'redis-1' : 'sentinel-1' },
  ],
  cutsOff: true,
  liftAfterMs: () => 0,
  inject: async (context, { rollingRestart, by }, signal) => {
    const { environment, clock } = context;
    const servers = rollingRestart === 'redis' ? environment.nodes : environment.sentinels;
    const names = servers.map(({ name }) => name);
    const sinceNs = clock.nowNs();
    const restarted: Restarted[] = [];
    try {
      const late: RedisNode[] = [];
      for (const name of names) {
        const { node } = await resolveServer(environment, name);
        if ((await roleOf(node)) === 'master') late.push(node);
        else restarted.push(await restartOne(context, node, by, signal));
      }
      for (const node of late) {
        await handOver(context, node, signal);
        restarted.push(await restartOne(context, node, by, signal));
      }
    } catch (error) {
      for (const { process } of servers) if (process?.running === false) await process.start();
      throw error;
    }

    return {
      description: `${names.join(', ')} restarted in turn${by === 'kill' ? ' by SIGKILL' : ''}`,
      affected: names,
      sinceNs,
      prove: async () => ({
        tookHold: restarted.every(({ before, after }) => after !== undefined && after !== before),
        observed: restarted
          .map(({ name, before, after }) => `${name}: pid ${before}, then ${after ?? 'none'}`)
          .join('; '),
      }),
      lift: async () => {},
    };
  },
};

/** Stops it, starts it again, and waits until it has all data and all others have it. */
async function restartOne(
  { environment, clock }: FaultContext,
  node: RedisNode,
  by: (typeof WAYS)[number],
  signal: AbortSignal,
): Promise<Restarted> {
  const process = node.process as ManagedProcess;
  const before = runningPid(process);
  const holds = holdsOf(environment);
  const hold = holds.add(node.name, 'restart');
  try {
    const stopped = by === 'stop' && (await stopsInOrder({ process, node }, STOP_DEADLINE_MS, clock));
    if (!stopped) process.signal('SIGKILL');
    await endsWithin(process, KILL_DEADLINE_MS, clock);
    if (!process.running) await process.start();
  } finally {
    holds.release(hold);
  }
  await expectHealthy({ process, node }, holds, clock, signal);
  await untilWhole(environment, node, clock, signal);
  return { name: node.name, before, after: await serverPid({ process, node }) };
}

/** Where somebody can take over from a master, it is no longer one when it is restarted. */
async function handOver(context: FaultContext, node: RedisNode, signal: AbortSignal): Promise<void> {
  const { environment, clock } = context;
  const { topology, replicas = 0 } = environment.endpoints.redis;
  if ((topology !== 'sentinel' && topology !== 'cluster') || replicas === 0) return;
  // It may be a replica by now.
  if ((await roleOf(node)) !== 'master') return;
  const takeOver = await orderTakeOver(context, node, signal);
  if (!(await waitFor(takeOver.successor, { clock, deadlineMs: BACK_DEADLINE_MS }, signal))) {
    throw tooSlow(`nobody has taken over from ${node.name}`);
  }
  await untilWhole(environment, node, clock, signal);
}

async function untilWhole(
  environment: Environment,
  node: RedisNode,
  clock: FaultContext['clock'],
  signal: AbortSignal,
): Promise<void> {
  const isBack = async () => (await isWhole(environment)) || undefined;
  const back = await waitFor(isBack, { clock, deadlineMs: BACK_DEADLINE_MS }, signal);
  if (!back) throw tooSlow(`${node.name} and the others are not in sync`);
}

function tooSlow(what: string): FaultError {
  return new FaultError('too-slow', `${what} after ${BACK_DEADLINE_MS / 1000} s; the rest was not restarted`);
}
