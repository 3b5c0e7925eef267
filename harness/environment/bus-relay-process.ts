import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { workerArgv } from '../worker-argv.js';
import { type BusRelayConfig, type BusRoute, READY_FILE } from './bus-relay-protocol.js';
import { EnvironmentError } from './environment-error.js';
import type { ServerShared } from './redis-server.js';
import { ServerProcess } from './server-process.js';

/** The process before the bus of a cluster; see bus-relay.ts. It is not started yet. */
export function busRelay(
  options: Omit<ServerShared, 'binary'> & { readonly routes: readonly BusRoute[] },
): ServerProcess {
  const { routes, dir, logDir, registry, clock, onUnexpectedExit } = options;
  const configPath = join(dir, 'bus-relay.json');
  writeFileSync(configPath, JSON.stringify({ dir, routes } satisfies BusRelayConfig));
  return new ServerProcess({
    name: 'bus-relay',
    command: process.execPath,
    args: [...workerArgv(new URL('./bus-relay.js', import.meta.url)), configPath],
    cwd: dir,
    logPath: join(logDir, 'bus-relay.log'),
    isReady: async (pid) => readyPid(join(dir, READY_FILE)) === String(pid),
    explainExit: (log) => {
      const taken = /EADDRINUSE.*:(\d+)/.exec(log);
      if (taken) return new EnvironmentError('port-taken', `Port ${taken[1]} for the bus was taken by somebody else.`);
      return new EnvironmentError('ended', `bus-relay ended before it listened. The end of its log:\n${log}`);
    },
    registry,
    clock,
    onUnexpectedExit,
  });
}

function readyPid(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
