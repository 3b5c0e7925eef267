import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, systemClock } from '../clock.js';
import type { RedisSpec } from '../scenario/scenario.js';
import type { Binaries } from './binaries/binary.js';
import { busRelay } from './bus-relay-process.js';
import { clusterNodeLacks } from './cluster-state.js';
import { Disposal } from './disposal.js';
import { driverEndpoints, ownEndpoints } from './endpoints.js';
import type { Environment } from './environment.js';
import { EnvironmentError, explainFileError } from './environment-error.js';
import { ExitReports } from './exit-reports.js';
import { layOut } from './layout.js';
import { createLogDir } from './log-dir.js';
import { redisServers, replicaLacks } from './redis-server.js';
import { createRunRegistry, type RunRegistry } from './run-registry.js';
import { sentinelServers } from './sentinel-server.js';
import { sentinelLacks } from './sentinel-state.js';
import type { ServerProcess } from './server-process.js';
import { toxiproxyServer } from './toxiproxy-server.js';
import { waitUntilReady } from './wait-until-ready.js';

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

/** A port that was free a moment ago can be taken by somebody outside the registry; a cluster needs more than sixty. */
const PORT_ATTEMPTS = 8;

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
  const layout = await layOut(redis, () => registry.claimPort());
  const { nodes, sentinels, links, busRoutes } = layout;
  const shared = { registry, clock, dir, logDir, onUnexpectedExit: exits.report };
  const controlPort = await registry.claimPort();
  const toxiproxy = disposal.use(toxiproxyServer({ ...shared, binary: binaries.toxiproxyServer, controlPort, links }));
  const names = sentinels.length > 0 ? ` and ${sentinels.length} x Sentinel` : '';
  log(
    `Starting Toxiproxy ${binaries.toxiproxyServer.version}, ${nodes.length} x Redis${names} ${binaries.redisServer.version}.`,
  );
  const relays = busRoutes.length === 0 ? [] : [disposal.use(busRelay({ ...shared, routes: busRoutes }))];
  await Promise.all([toxiproxy, ...relays].map((server) => server.start(signal)));
  const startAll = async (servers: readonly ServerProcess[]) => {
    for (const server of servers) disposal.use(server);
    await Promise.all(servers.map((server) => server.start(signal)));
  };

  const redisShared = { ...shared, binary: binaries.redisServer };
  const servers = await redisServers({ ...redisShared, spec: redis, nodes });
  await startAll(servers);
  await waitUntilReady(nodes.slice(redis.masters ?? 1), replicaLacks, clock, signal);
  if (redis.masters !== undefined) {
    await waitUntilReady(nodes, (node) => clusterNodeLacks(node, nodes.length), clock, signal);
  }
  const { sentinel } = redis;
  const watchers = sentinel ? await sentinelServers({ ...redisShared, spec: sentinel, sentinels, nodes }) : [];
  await startAll(watchers);
  await waitUntilReady(sentinels, (one) => sentinelLacks(one, redis.replicas, sentinels.length), clock, signal);

  const owned = disposal.move();
  return {
    kind: 'native',
    versions: { redis: binaries.redisServer.version, toxiproxy: binaries.toxiproxyServer.version },
    nodes: nodes.map((node, index) => ({ ...node, process: servers[index] })),
    sentinels: sentinels.map((sentinel, index) => ({ ...sentinel, process: watchers[index] })),
    links,
    toxiproxy: { host: '127.0.0.1', port: controlPort },
    endpoints: driverEndpoints(redis, layout),
    ownEndpoints: ownEndpoints(redis, layout),
    logDir,
    onUnexpectedExit: exits.listen,
    [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose](),
  };
}
