import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../clock.js';
import type { Binary } from './binaries/binary.js';
import type { Link, UnexpectedExit } from './environment.js';
import { EnvironmentError } from './environment-error.js';
import { logTail } from './log-tail.js';
import type { RunRegistry } from './run-registry.js';
import { ServerProcess } from './server-process.js';
import { listProxies, type ProxyState, proxiesOfLink } from './toxiproxy-control.js';

export interface ToxiproxyServerOptions {
  readonly binary: Binary;
  readonly controlPort: number;
  readonly links: readonly Link[];
  readonly dir: string;
  readonly logDir: string;
  readonly registry: RunRegistry;
  readonly clock: Clock;
  readonly onUnexpectedExit: (exit: UnexpectedExit) => void;
}

/** One Toxiproxy with a proxy per link. It reads them from a file, so they are there again when it is restarted. */
export function toxiproxyServer(options: ToxiproxyServerOptions): ServerProcess {
  const { binary, controlPort, links, dir, logDir, registry, clock, onUnexpectedExit } = options;
  const configPath = join(dir, 'toxiproxy.json');
  const proxies = links.flatMap(proxiesOfLink);
  writeFileSync(configPath, JSON.stringify(proxies));
  const logPath = join(logDir, 'toxiproxy.log');
  return new ServerProcess({
    name: 'toxiproxy',
    command: binary.path,
    args: ['-host', '127.0.0.1', '-port', String(controlPort), '-config', configPath],
    env: {
      // Go's idle threads spin for work: on few cores they take them from the system under test.
      GOMAXPROCS: String(Math.max(1, availableParallelism() >> 1)),
      // Else it writes several lines for each connection.
      LOG_LEVEL: 'info',
    },
    cwd: dir,
    logPath,
    isReady: () => hasProxies(controlPort, proxies, logPath),
    explainExit: (log) =>
      new EnvironmentError('ended', `toxiproxy ended before it answered. The end of its log:\n${log}`),
    registry,
    clock,
    onUnexpectedExit,
  });
}

/**
 * Toxiproxy goes on without a proxy, and even without its control port, when an address is taken. So it is ours and
 * whole only if it lists exactly our proxies.
 */
async function hasProxies(controlPort: number, expected: readonly ProxyState[], logPath: string): Promise<boolean> {
  let present: readonly ProxyState[] = [];
  try {
    present = await listProxies(`http://127.0.0.1:${controlPort}`);
  } catch {
    // Not listening yet, or never: the log tells.
  }
  const byName = new Map(present.map((proxy) => [proxy.name, proxy]));
  const isThere = (proxy: ProxyState) => {
    const found = byName.get(proxy.name);
    return found?.enabled && found.listen === proxy.listen && found.upstream === proxy.upstream;
  };
  if (expected.every(isThere)) return true;
  const taken = /listen tcp (\S+): bind: address already in use/.exec(await logTail(logPath));
  if (taken) throw new EnvironmentError('port-taken', `Address ${taken[1]} for Toxiproxy was taken by somebody else.`);
  return false;
}
