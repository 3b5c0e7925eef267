import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type Clock, systemClock } from '../clock.js';
import { connectToxiproxy } from '../faults/toxiproxy.js';
import { isSameProcessAlive, pidNamespace, signalProcess } from './process-identity.js';
import {
  type RegisteredChild,
  type RegistryFolders,
  type RunOwner,
  readChildren,
  readProxies,
  registryFolders,
} from './run-registry.js';
import { parseToxiproxyUrl } from './server-url.js';
import { waitFor } from './wait-for.js';

/** A run whose owner was killed before it could clear up. */
export interface StaleRun {
  readonly id: string;
  readonly dir: string;
  /** Its processes that are still there. */
  readonly children: readonly RegisteredChild[];
}

const KILL_DEADLINE_MS = 5_000;
/** A folder being made has no owner yet; one this old was left so. */
const NASCENT_MS = 60_000;

export async function findStaleRuns(options: { root?: string; clock?: Clock } = {}): Promise<StaleRun[]> {
  const { clock = systemClock } = options;
  const folders = await registryFolders(options.root);
  return readdirSync(folders.runs)
    .map((id) => ({ id, dir: join(folders.runs, id) }))
    .filter((run) => isStale(run.id, run.dir, clock))
    .map((run) => ({ ...run, children: readChildren(run.dir).filter(isSameProcessAlive) }));
}

/**
 * Kills the processes of runs whose owner is gone, and removes their proxies, folders and port claims. Runs that are
 * alive, and processes that merely have a recycled pid, are not touched. Two sweeps at once do not disturb each other.
 */
export async function sweepStaleRuns(
  log: (message: string) => void,
  options: { root?: string; clock?: Clock } = {},
): Promise<StaleRun[]> {
  const { clock = systemClock } = options;
  const stale = await findStaleRuns(options);
  for (const run of stale) {
    const names = run.children.map((child) => child.name);
    log(`Clearing up after run ${run.id}, which was killed${names.length > 0 ? `: ending ${names.join(', ')}` : ''}.`);
    for (const child of run.children) signalProcess(child, 'SIGKILL');
    const ended = await waitFor(() => (run.children.some(isSameProcessAlive) ? undefined : true), {
      clock,
      deadlineMs: KILL_DEADLINE_MS,
    });
    if (ended === undefined) {
      const left = run.children.filter(isSameProcessAlive).map((child) => `${child.name} (pid ${child.pid})`);
      log(`These do not end, not even by SIGKILL: ${left.join(', ')}. The next run tries again.`);
      continue;
    }
    await removeProxies(run.dir, log);
    rmSync(run.dir, { recursive: true, force: true });
  }
  releasePorts(await registryFolders(options.root));
  return stale;
}

function isStale(id: string, dir: string, clock: Clock): boolean {
  try {
    if (id.startsWith('.new-')) return clock.wallMs() - statSync(dir).mtimeMs > NASCENT_MS;
    const owner: RunOwner = JSON.parse(readFileSync(join(dir, 'owner.json'), 'utf8'));
    return owner.pidNamespace === pidNamespace() && !isSameProcessAlive(owner);
  } catch (error) {
    // Gone meanwhile: another sweep was faster, or the run has just ended. A folder that lost only its owner is one
    // whose removal was cut short.
    return (error as NodeJS.ErrnoException).code === 'ENOENT' && statSync(dir, { throwIfNoEntry: false }) !== undefined;
  }
}

async function removeProxies(dir: string, log: (message: string) => void): Promise<void> {
  for (const { toxiproxyUrl, proxy } of readProxies(dir)) {
    try {
      await connectToxiproxy(parseToxiproxyUrl(toxiproxyUrl)).removeProxy(proxy);
    } catch {
      log(`Proxy ${proxy} may be left in the Toxiproxy at ${toxiproxyUrl}, which does not answer.`);
    }
  }
}

/** A claim outlives its run only if the run was killed. */
function releasePorts(folders: RegistryFolders): void {
  for (const port of readdirSync(folders.ports)) {
    const path = join(folders.ports, port);
    try {
      const runId = readFileSync(path, 'utf8');
      const halfWritten = runId === '';
      if (!halfWritten && statSync(join(folders.runs, runId), { throwIfNoEntry: false }) === undefined) rmSync(path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
}
