import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../clock.js';
import type { RedisSpec } from '../scenario/scenario.js';
import type { Binary } from './binaries/binary.js';
import type { UnexpectedExit } from './environment.js';
import { EnvironmentError } from './environment-error.js';
import type { ServerPlace } from './layout.js';
import { CLUSTER_FILE, redisConfig } from './redis-config.js';
import { askRedis, redisInfo } from './redis-probe.js';
import type { RunRegistry } from './run-registry.js';
import { ServerProcess } from './server-process.js';
import { waitFor } from './wait-for.js';

/** What all servers of one environment have in common. */
export interface ServerShared {
  readonly binary: Binary;
  /** The environment's temporary folder. */
  readonly dir: string;
  readonly logDir: string;
  readonly registry: RunRegistry;
  readonly clock: Clock;
  readonly onUnexpectedExit: (exit: UnexpectedExit) => void;
}

export interface RedisServerOptions extends ServerShared {
  readonly spec: RedisSpec;
  readonly node: ServerPlace;
  /** The node whose replica it starts as; undefined for a master, and in a cluster, which has its own file for that. */
  readonly master: ServerPlace | undefined;
  /** Its nodes.conf, in a cluster. */
  readonly clusterNodes?: string;
}

const REPLICATION_DEADLINE_MS = 30_000;

/** Writes the configuration of one node; the process is not started yet. */
export async function redisServer(options: RedisServerOptions): Promise<ServerProcess> {
  const { binary, spec, node, master, clusterNodes, dir, logDir, registry, clock, onUnexpectedExit } = options;
  const home = join(dir, node.name);
  await mkdir(home);
  const configPath = join(home, 'redis.conf');
  const config = redisConfig(spec, {
    port: node.direct.port,
    dir: home,
    peerPort: node.peers?.port,
    masterPeerPort: master?.peers?.port,
    bus: node.bus,
  });
  if (clusterNodes !== undefined) await writeFile(join(home, CLUSTER_FILE), clusterNodes);
  // It may hold a password.
  await writeFile(configPath, config, { mode: 0o600 });
  return new ServerProcess({
    name: node.name,
    command: binary.path,
    args: [configPath],
    cwd: home,
    logPath: join(logDir, `${node.name}.log`),
    isReady: (pid) => answersAsPid(node, pid),
    explainExit: (log) => explainRedisExit(node, log),
    registry,
    clock,
    onUnexpectedExit,
  });
}

/** Resolves once every replica has copied its master's data. */
export async function waitForReplication(
  replicas: readonly ServerPlace[],
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  for (const replica of replicas) {
    const linked = await waitFor(
      async () =>
        (await redisInfo(replica.direct, 'replication')).get('master_link_status') === 'up' ? true : undefined,
      { clock, deadlineMs: REPLICATION_DEADLINE_MS },
      signal,
    );
    if (linked === undefined) {
      const seconds = REPLICATION_DEADLINE_MS / 1000;
      throw new EnvironmentError(
        'not-ready',
        `${replica.name} did not reach its master within ${seconds} s; see its log.`,
      );
    }
  }
}

/** Answers, has loaded its data, and is our process: another server may hold the port. */
export async function answersAsPid({ direct }: ServerPlace, pid: number): Promise<boolean> {
  try {
    if ((await askRedis(direct, 'PING')) !== 'PONG') return false;
    return (await redisInfo(direct, 'server')).get('process_id') === String(pid);
  } catch {
    return false;
  }
}

export function explainRedisExit(node: Pick<ServerPlace, 'name' | 'direct'>, log: string): EnvironmentError {
  if (/address already in use/i.test(log)) {
    return new EnvironmentError('port-taken', `Port ${node.direct.port} for ${node.name} was taken by somebody else.`);
  }
  const refused = /^>>> (.*)\n(.*)/m.exec(log);
  if (refused) {
    const [, line, reason] = refused;
    return new EnvironmentError(
      'bad-config',
      `Redis refuses ${line} in environment.redis.config: ${reason}. Correct the directive or its value, or remove it.`,
    );
  }
  return new EnvironmentError('ended', `${node.name} ended before it answered. The end of its log:\n${log}`);
}
