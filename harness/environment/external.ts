import { type Clock, systemClock } from '../clock.js';
import { connectToxiproxy, type Toxiproxy } from '../faults/toxiproxy.js';
import type { RedisSpec } from '../scenario/scenario.js';
import { Disposal } from './disposal.js';
import type { Environment, Link, RedisNode } from './environment.js';
import { EnvironmentError } from './environment-error.js';
import { ExitReports } from './exit-reports.js';
import { externalProblem } from './external-limits.js';
import { checkExternalRedis } from './external-redis.js';
import { reachToxiproxy } from './external-toxiproxy.js';
import { watchExternalServer } from './external-watch.js';
import { createLogDir } from './log-dir.js';
import { askRedis, redisInfo } from './redis-probe.js';
import { createRunRegistry, type RunRegistry } from './run-registry.js';
import { formatAddress, isLoopback, parseRedisUrl, parseToxiproxyUrl, parseUpstream } from './server-url.js';
import { listProxies } from './toxiproxy-control.js';

export interface ExternalOptions {
  /** `redis://[user:password@]host[:port]`: the server itself. */
  readonly redisUrl: string;
  /** `http://host[:port]`: the control API. */
  readonly toxiproxyUrl: string;
  /** `host:port` of that Redis as Toxiproxy reaches it; undefined: as we do. In Compose it is `redis:6379`. */
  readonly redisUpstream?: string | undefined;
  /** Ports that Toxiproxy may listen on and that reach it from here; undefined: {@link DEFAULT_PROXY_PORTS}. */
  readonly proxyPorts?: PortRange | undefined;
  readonly redis: RedisSpec;
  readonly logDir: string;
  /** The run's registry; without one the environment has its own. */
  readonly registry?: RunRegistry;
  readonly clock?: Clock;
  readonly log: (message: string) => void;
  readonly signal: AbortSignal;
}

export interface PortRange {
  readonly from: number;
  readonly to: number;
}

/** What docker-compose.yml publishes. */
export const DEFAULT_PROXY_PORTS: PortRange = { from: 8666, to: 8675 };

/**
 * Servers that somebody else started: one Redis, and a Toxiproxy in which this run makes proxies of its own, named after
 * the run, and removes them at the end. Nothing else of either server is touched: no configuration, no keys, no other
 * proxies. Processes there are not ours to kill or pause.
 */
export async function startExternalEnvironment(options: ExternalOptions): Promise<Environment> {
  const { redis, logDir, log, signal, clock = systemClock } = options;
  const problem = externalProblem(redis);
  if (problem !== undefined) throw new EnvironmentError('unsupported', problem);
  const direct = parseRedisUrl(options.redisUrl);
  const control = parseToxiproxyUrl(options.toxiproxyUrl);
  const upstream = options.redisUpstream === undefined ? direct : parseUpstream(options.redisUpstream);
  signal.throwIfAborted();

  await using disposal = new Disposal();
  const registry = options.registry ?? disposal.use(await createRunRegistry({ clock }));
  await createLogDir(logDir);
  const { version, runId } = await checkExternalRedis(direct, redis, log);
  const toxiproxy = connectToxiproxy(control);
  const controlUrl = `http://${formatAddress(control)}`;
  const toxiproxyVersion = await reachToxiproxy(toxiproxy, controlUrl);
  signal.throwIfAborted();

  // A Toxiproxy that sees Redis elsewhere than we do lives in another network; there loopback would not reach it.
  const sharesOurNetwork = isLoopback(control.host) && options.redisUpstream === undefined;
  const proxy = `gauntlet-${registry.id}-redis-1.clients`;
  registry.addProxy(controlUrl, proxy);
  disposal.defer(async () => {
    const leave = (error: Error) =>
      log(`Proxy ${proxy} may be left in the Toxiproxy at ${controlUrl}: ${error.message}`);
    await toxiproxy.removeProxy(proxy).catch(leave);
  });
  const port = await createProxyInRange(toxiproxy, {
    controlUrl,
    proxy,
    listenHost: sharesOurNetwork ? '127.0.0.1' : '0.0.0.0',
    upstream: formatAddress(upstream),
    ports: options.proxyPorts ?? DEFAULT_PROXY_PORTS,
  });
  const clients: Link = {
    name: 'redis-1.clients',
    proxy,
    host: control.host,
    port,
    upstream: { host: upstream.host, port: upstream.port },
  };
  await checkThroughProxy({ ...direct, host: clients.host, port }, clients, runId);
  log(`Using Redis ${version} at ${formatAddress(direct)} through ${controlUrl}, proxy ${proxy} on port ${port}.`);

  const exits = new ExitReports();
  const watch = { clock, report: exits.report };
  disposal.use(watchExternalServer({ ...watch, name: 'redis-1', ask: () => askRedis(direct, 'PING') }));
  disposal.use(watchExternalServer({ ...watch, name: 'toxiproxy', ask: () => listProxies(controlUrl) }));

  const node: RedisNode = { name: 'redis-1', direct, clients, peers: undefined, process: undefined };
  const { username, password } = direct;
  const owned = disposal.move();
  return {
    kind: 'external',
    versions: { redis: version, toxiproxy: toxiproxyVersion },
    nodes: [node],
    sentinels: [],
    links: [clients],
    toxiproxy: control,
    endpoints: {
      redis: {
        topology: 'standalone',
        nodes: [{ name: node.name, host: clients.host, port }],
        ...(username === undefined ? {} : { username }),
        ...(password === undefined ? {} : { password }),
      },
    },
    ownEndpoints: {},
    logDir,
    onUnexpectedExit: exits.listen,
    [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose](),
  };
}

interface ProxyRequest {
  readonly controlUrl: string;
  readonly proxy: string;
  readonly listenHost: string;
  readonly upstream: string;
  readonly ports: PortRange;
}

/** The first port in the range that Toxiproxy can listen on: other runs and other programs may have some of them. */
async function createProxyInRange(toxiproxy: Toxiproxy, request: ProxyRequest): Promise<number> {
  const { controlUrl, proxy, listenHost, upstream, ports } = request;
  const others = await listProxies(controlUrl);
  const taken = new Set(others.map(({ listen }) => Number(listen.slice(listen.lastIndexOf(':') + 1))));
  let lastFailure = 'all of them belong to other proxies';
  for (let port = ports.from; port <= ports.to; port++) {
    if (taken.has(port)) continue;
    try {
      await toxiproxy.createProxy(proxy, `${listenHost}:${port}`, upstream);
      return port;
    } catch (error) {
      lastFailure = (error as Error).message;
    }
  }
  throw new EnvironmentError(
    'port-taken',
    `Toxiproxy at ${controlUrl} could listen on none of the ports ${ports.from} to ${ports.to}: ${lastFailure}. Remove proxies that are left over there.`,
  );
}

/** The same server must be at both ends, or faults would hit something else than what is measured. */
async function checkThroughProxy(address: Parameters<typeof redisInfo>[0], link: Link, runId: string): Promise<void> {
  const via = `${formatAddress(link)}, which forwards to ${formatAddress(link.upstream)}`;
  const remedy = 'Say with --redis-upstream host:port where Toxiproxy finds that Redis (with Compose: redis:6379).';
  let found: string | undefined;
  try {
    found = (await redisInfo(address, 'server')).get('run_id');
  } catch (cause) {
    const reason = (cause as Error).message;
    throw new EnvironmentError(
      'unreachable',
      `Redis does not answer through Toxiproxy on ${via}: ${reason}. ${remedy}`,
      { cause },
    );
  }
  if (found === runId) return;
  throw new EnvironmentError('unreachable', `Another Redis than the one of --redis answers on ${via}. ${remedy}`);
}
