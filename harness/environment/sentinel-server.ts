import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SentinelSpec } from '../scenario/scenario.js';
import type { ServerPlace } from './layout.js';
import { answersAsPid, explainRedisExit, type ServerShared } from './redis-server.js';
import { type SentinelPeers, type SentinelPlace, sentinelConfig } from './sentinel-config.js';
import { ServerProcess } from './server-process.js';

export interface SentinelServersOptions extends ServerShared {
  readonly spec: SentinelSpec;
  readonly sentinels: readonly ServerPlace[];
  /** The first one is the master. */
  readonly nodes: readonly ServerPlace[];
}

/** Writes the configuration of all Sentinels; no process is started yet. */
export async function sentinelServers(options: SentinelServersOptions): Promise<ServerProcess[]> {
  const { spec, sentinels, nodes, dir } = options;
  const [masterPort = 0, ...replicaPorts] = nodes.map(({ peers }) => peers?.port ?? 0);
  const places = sentinels.map(({ name, direct, peers }): SentinelPlace => {
    const id = randomBytes(20).toString('hex');
    return { port: direct.port, dir: join(dir, name), id, peerPort: peers?.port ?? 0 };
  });
  const peers: SentinelPeers = {
    masterPort,
    replicaPorts,
    sentinels: places,
    password: nodes[0]?.direct.password,
  };
  return Promise.all(
    places.map((place, index) => sentinelServer(options, sentinels[index]!, sentinelConfig(spec, place, peers))),
  );
}

async function sentinelServer(options: ServerShared, node: ServerPlace, config: string): Promise<ServerProcess> {
  const { binary, dir, logDir, registry, clock, onUnexpectedExit } = options;
  const home = join(dir, node.name);
  await mkdir(home);
  const configPath = join(home, 'sentinel.conf');
  // It may hold a password.
  await writeFile(configPath, config, { mode: 0o600 });
  return new ServerProcess({
    name: node.name,
    command: binary.path,
    args: [configPath, '--sentinel'],
    cwd: home,
    logPath: join(logDir, `${node.name}.log`),
    isReady: (pid) => answersAsPid(node, pid),
    explainExit: (log) => explainRedisExit(node, log),
    registry,
    clock,
    onUnexpectedExit,
  });
}
