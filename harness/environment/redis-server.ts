import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../clock.js';
import type { RedisSpec } from '../scenario/scenario.js';
import type { Binary } from './binaries/binary.js';
import { clusterMembers, clusterNodesFile } from './cluster-config.js';
import type { UnexpectedExit } from './environment.js';
import { EnvironmentError } from './environment-error.js';
import type { ServerPlace } from './layout.js';
import { CLUSTER_FILE, redisConfig } from './redis-config.js';
import { askRedis, redisInfo } from './redis-probe.js';
import type { RunRegistry } from './run-registry.js';
import { ServerProcess } from './server-process.js';

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

export interface RedisServersOptions extends ServerShared {
  readonly spec: RedisSpec;
  /** Those that start as masters first. */
  readonly nodes: readonly ServerPlace[];
}

/** Writes the configuration of all nodes; no process is started yet. */
export async function redisServers(options: RedisServersOptions): Promise<ServerProcess[]> {
  const { spec, nodes } = options;
  const { masters } = spec;
  if (masters === undefined) {
    return Promise.all(nodes.map((node, index) => redisServer(options, node, index === 0 ? undefined : nodes[0])));
  }
  const members = clusterMembers(nodes);
  // Who follows whom is in the cluster's own file.
  return Promise.all(
    nodes.map((node, index) => redisServer(options, node, undefined, clusterNodesFile(members, index, masters))),
  );
}

async function redisServer(
  options: RedisServersOptions,
  node: ServerPlace,
  master: ServerPlace | undefined,
  clusterNodes?: string,
): Promise<ServerProcess> {
  const { binary, spec, dir, logDir, registry, clock, onUnexpectedExit } = options;
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
  // It may hold a password.
  await writeFile(configPath, config, { mode: 0o600 });
  if (clusterNodes !== undefined) await writeFile(join(home, CLUSTER_FILE), clusterNodes);
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

/** What a replica still lacks: its master's data, unless it has taken over meanwhile. */
export async function replicaLacks({ direct }: ServerPlace): Promise<string | undefined> {
  const info = await redisInfo(direct, 'replication');
  const isDone = info.get('role') === 'master' || info.get('master_link_status') === 'up';
  return isDone ? undefined : 'it has not reached its master';
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
