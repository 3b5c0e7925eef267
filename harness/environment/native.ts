import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, systemClock } from '../clock.js';
import type { RedisSpec } from '../scenario/scenario.js';
import type { Binaries } from './binaries/binary.js';
import { Disposal } from './disposal.js';
import type { Environment, Link, RedisNode } from './environment.js';
import { EnvironmentError, explainFileError } from './environment-error.js';
import { ExitReports } from './exit-reports.js';
import { createLogDir } from './log-dir.js';
import { redisServer, waitForReplication } from './redis-server.js';
import { createRunRegistry, type RunRegistry } from './run-registry.js';
import type { ServerProcess } from './server-process.js';
import { toxiproxyServer } from './toxiproxy-server.js';

export interface NativeOptions {
  readonly redis: RedisSpec;
  readonly binaries: Pick<Binaries, 'redisServer' | 'toxiproxyServer'>;
  /** The servers' logs go here and stay. */
  readonly logDir: string;
  /** The run's registry; without one the environment has its own. */
  readonly registry?: RunRegistry;
  readonly clock?: Clock;
  readonly log: (message: string) => void;
  readonly signal: AbortSignal;
}

/** A port that was free a moment ago can be taken by somebody outside the registry. */
const PORT_ATTEMPTS = 3;

/**
 * Redis and Toxiproxy as processes of ours, on loopback ports and in temporary folders of their own: any number of
 * these can run side by side. Rejects with an {@link EnvironmentError}, and then nothing is left behind.
 */
export async function startNativeEnvironment(options: NativeOptions): Promise<Environment> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await startOnce(options);
    } catch (error) {
      const retry = error instanceof EnvironmentError && error.code === 'port-taken' && attempt < PORT_ATTEMPTS;
      if (!retry) throw explainFileError(error, 'Servers cannot be started');
      options.log(`${error.message} Trying other ports.`);
    }
  }
}

async function startOnce(options: NativeOptions): Promise<Environment> {
  const { redis, binaries, logDir, log, signal, clock = systemClock } = options;
  signal.throwIfAborted();
  await using disposal = new Disposal();
  const registry = options.registry ?? disposal.use(await createRunRegistry({ clock }));
  await createLogDir(logDir);
  const dir = await mkdtemp(join(registry.dir, 'environment-'));
  disposal.defer(() => rm(dir, { recursive: true, force: true }));

  const exits = new ExitReports();
  const nodes = await layOut(redis, registry);
  const shared = { registry, clock, logDir, onUnexpectedExit: exits.report };
  const links = nodes.flatMap((node) => (node.peers === undefined ? [node.clients] : [node.clients, node.peers]));
  const controlPort = await registry.claimPort();
  const toxiproxy = disposal.use(
    toxiproxyServer({ ...shared, binary: binaries.toxiproxyServer, dir, controlPort, links }),
  );
  log(
    `Starting Toxiproxy ${binaries.toxiproxyServer.version} and ${nodes.length} x Redis ${binaries.redisServer.version}.`,
  );
  await toxiproxy.start(signal);

  const started: RedisNode[] = [];
  for (const node of nodes) {
    const server: ServerProcess = disposal.use(
      await redisServer({ ...shared, binary: binaries.redisServer, dir, spec: redis, node, master: nodes[0] }),
    );
    await server.start(signal);
    started.push({ ...node, process: server });
  }
  await waitForReplication(started, clock, signal);

  const owned = disposal.move();
  const [master] = nodes;
  const password = master?.direct.password;
  return {
    kind: 'native',
    versions: { redis: binaries.redisServer.version, toxiproxy: binaries.toxiproxyServer.version },
    nodes: started,
    links,
    toxiproxy: { host: '127.0.0.1', port: controlPort },
    endpoints: {
      redis: {
        topology: redis.topology,
        nodes: nodes.map((node) => ({ name: node.name, host: node.clients.host, port: node.clients.port })),
        ...(password === undefined ? {} : { password }),
      },
    },
    logDir,
    onUnexpectedExit: exits.listen,
    [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose](),
  };
}

/** Names, ports and links of every node, the first one the master. */
async function layOut(spec: RedisSpec, registry: RunRegistry): Promise<Omit<RedisNode, 'process'>[]> {
  const password = spec.config.requirepass;
  const replicas = spec.topology === 'replicated' ? spec.replicas : 0;
  const nodes: Omit<RedisNode, 'process'>[] = [];
  for (let number = 1; number <= 1 + replicas; number++) {
    const name = `redis-${number}`;
    const upstream = { host: '127.0.0.1', port: await registry.claimPort() };
    const link = async (kind: 'clients' | 'peers'): Promise<Link> => ({
      name: `${name}.${kind}`,
      proxy: `${name}.${kind}`,
      host: '127.0.0.1',
      port: await registry.claimPort(),
      upstream,
    });
    nodes.push({
      name,
      direct: password ? { ...upstream, password } : upstream,
      clients: await link('clients'),
      peers: spec.topology === 'replicated' ? await link('peers') : undefined,
    });
  }
  return nodes;
}
