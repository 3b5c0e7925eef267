import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '../../harness/clock.js';
import type { Environment } from '../../harness/environment/environment.js';
import { EnvironmentError } from '../../harness/environment/environment-error.js';
import { startNativeEnvironment } from '../../harness/environment/native.js';
import { askRedis, redisInfo } from '../../harness/environment/redis-probe.js';
import { ServerProcess } from '../../harness/environment/server-process.js';
import { waitFor } from '../../harness/environment/wait-for.js';
import type { BenchContext } from '../benchmark.js';
import type { Target } from './client.js';

/** Where data is when a write is confirmed. `memory`: no persistence. `everysec`, `always`: AOF with that fsync. */
export type Persistence = 'memory' | 'everysec' | 'always';

export interface RedisServers {
  readonly target: Target;
  /** Their process groups, master or first shard first. */
  readonly groups: readonly number[];
}

const READY_MS = 30_000;
const SLOTS = 16_384;

/** One Redis without a proxy; with `replicas` connected to it directly. */
export async function startRedis(context: BenchContext, persistence: Persistence, replicas = 0): Promise<RedisServers> {
  const config = persistenceConfig(persistence);
  const master = await startNode(context, 'redis-1', config);
  const nodes = [master];
  for (let i = 0; i < replicas; i++) {
    const replicaOf = [`replicaof 127.0.0.1 ${master.port}`];
    nodes.push(await startNode(context, `redis-${i + 2}`, [...config, ...replicaOf]));
  }
  for (const { port } of nodes.slice(1)) {
    await until(context, `replica ${port} copies its master`, async () => {
      return (await redisInfo(loopback(port), 'replication')).get('master_link_status') === 'up';
    });
  }
  const target = replicas === 0 ? loopback(master.port) : { ...loopback(master.port), replicas };
  return { target, groups: nodes.map(({ group }) => group) };
}

/** A Redis Cluster of masters without replicas, without proxies. */
export async function startCluster(context: BenchContext, shards: number): Promise<RedisServers> {
  const nodes = [];
  for (let i = 0; i < shards; i++) {
    const busPort = await context.registry.claimPort();
    const config = [...persistenceConfig('memory'), 'cluster-enabled yes', `cluster-port ${busPort}`];
    nodes.push({ ...(await startNode(context, `redis-${i + 1}`, config)), busPort });
  }
  for (const [i, { port }] of nodes.entries()) {
    const [from, to] = [i, i + 1].map((shard) => Math.round((shard * SLOTS) / shards)) as [number, number];
    await askRedis(loopback(port), 'CLUSTER', 'ADDSLOTSRANGE', String(from), String(to - 1));
    await askRedis(loopback(port), 'CLUSTER', 'SET-CONFIG-EPOCH', String(i + 1));
  }
  const { port: firstPort } = nodes[0]!;
  for (const { port, busPort } of nodes.slice(1)) {
    await askRedis(loopback(firstPort), 'CLUSTER', 'MEET', '127.0.0.1', String(port), String(busPort));
  }
  for (const { port } of nodes) {
    await until(context, `shard ${port} sees the whole cluster`, async () => {
      const info = String(await askRedis(loopback(port), 'CLUSTER', 'INFO'));
      return info.includes('cluster_state:ok') && info.includes(`cluster_known_nodes:${shards}`);
    });
  }
  const cluster = nodes.map(({ port }) => loopback(port));
  return { target: { ...loopback(firstPort), cluster }, groups: nodes.map(({ group }) => group) };
}

/** One Redis without persistence behind a Toxiproxy, as the harness starts them. */
export async function startProxiedRedis(context: BenchContext): Promise<Environment> {
  const { binaries, dir, registry, signal, disposal } = context;
  const redis = { topology: 'standalone', replicas: 0, config: { appendonly: 'no', save: '' } } as const;
  const logDir = join(dir, 'logs');
  const log = () => {};
  return disposal.use(await startNativeEnvironment({ redis, binaries, logDir, registry, log, signal }));
}

async function startNode(context: BenchContext, name: string, config: readonly string[]) {
  const { binaries, dir, registry, disposal, signal } = context;
  const port = await registry.claimPort();
  const home = join(dir, name);
  await mkdir(home);
  const lines = ['bind 127.0.0.1', `port ${port}`, `dir "${home}"`, 'save ""', 'repl-diskless-sync-delay 0', ...config];
  await writeFile(join(home, 'redis.conf'), `${lines.join('\n')}\n`);
  const server = disposal.use(
    new ServerProcess({
      name,
      command: binaries.redisServer.path,
      args: [join(home, 'redis.conf')],
      cwd: home,
      logPath: join(home, 'log'),
      isReady: (pid) => isOurs(port, pid),
      explainExit: (log) => new EnvironmentError('ended', `${name} ended before it answered:\n${log}`),
      registry,
      clock: systemClock,
      onUnexpectedExit: ({ logTail }) => process.stderr.write(`${name} ended in mid-run:\n${logTail}\n`),
    }),
  );
  await server.start(signal);
  return { port, group: server.pid! };
}

/** Answers, and is our process: another server may hold the port. */
async function isOurs(port: number, pid: number): Promise<boolean> {
  try {
    return (await redisInfo(loopback(port), 'server')).get('process_id') === String(pid);
  } catch {
    return false;
  }
}

function persistenceConfig(persistence: Persistence): string[] {
  return persistence === 'memory' ? ['appendonly no'] : ['appendonly yes', `appendfsync ${persistence}`];
}

async function until(context: BenchContext, what: string, condition: () => Promise<boolean>): Promise<void> {
  const poll = async () => ((await condition()) ? true : undefined);
  const done = await waitFor(poll, { clock: systemClock, deadlineMs: READY_MS }, context.signal);
  if (done === undefined) throw new EnvironmentError('not-ready', `It did not happen within 30 s that ${what}.`);
}

function loopback(port: number) {
  return { host: '127.0.0.1', port };
}
