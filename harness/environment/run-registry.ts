import { randomBytes, randomInt } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { lstat, mkdir } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { type Clock, systemClock } from '../clock.js';
import { EnvironmentError, explainFileError } from './environment-error.js';
import { identifyProcess, type ProcessIdentity, pidNamespace, signalProcess } from './process-identity.js';

/**
 * Everything that a run holds on this machine, written down so that the next run can clear up after one that was
 * killed: `<tmp>/gauntlet-<uid>/runs/<id>/` holds `owner.json`, one file per child process, one per proxy in somebody
 * else's Toxiproxy, and whatever temporary files the run wants; `<tmp>/gauntlet-<uid>/ports/<port>` names the run that
 * has claimed a port.
 *
 * Writes are synchronous, so that nothing lies between starting a process and having it written down.
 */
export interface RunRegistry extends AsyncDisposable {
  readonly id: string;
  /** The run's temporary folder: removed when it is disposed of, or by the next run. */
  readonly dir: string;
  /** Writes down a child process. One that has already ended is ignored. */
  add(pid: number, name: string): void;
  remove(pid: number): void;
  /** Writes down a proxy that was made in a Toxiproxy which is not ours. */
  addProxy(toxiproxyUrl: string, proxy: string): void;
  /** A loopback port that nobody listens on and no other run of this user will take. */
  claimPort(): Promise<number>;
}

export interface RegistryFolders {
  readonly root: string;
  readonly runs: string;
  readonly ports: string;
}

export interface RunOwner extends ProcessIdentity {
  readonly pidNamespace: string;
}

export interface RegisteredChild extends ProcessIdentity {
  readonly name: string;
}

export interface RegisteredProxy {
  readonly toxiproxyUrl: string;
  readonly proxy: string;
}

/**
 * Below the ephemeral ports of Linux (32768) and macOS (49152): no outgoing connection of anybody's takes one of these
 * while its server is down for a fault.
 */
const PORTS = { from: 20_000, to: 32_000 } as const;
const PORT_ATTEMPTS = 200;

export async function registryFolders(root = defaultRoot()): Promise<RegistryFolders> {
  const folders = { root, runs: join(root, 'runs'), ports: join(root, 'ports') };
  try {
    await mkdir(root, { recursive: true, mode: 0o700 });
    const { uid } = userInfo();
    const stat = await lstat(root);
    if (!stat.isDirectory() || (uid >= 0 && stat.uid !== uid)) throw new Error('it belongs to somebody else');
    await mkdir(folders.runs, { recursive: true });
    await mkdir(folders.ports, { recursive: true });
  } catch (cause) {
    const reason = (cause as Error).message;
    throw new EnvironmentError(
      'unwritable',
      `The folder for running servers, ${root}, cannot be used: ${reason}. Remove it, or set TMPDIR to a folder of your own.`,
      { cause },
    );
  }
  return folders;
}

export async function createRunRegistry(options: { root?: string; clock?: Clock } = {}): Promise<RunRegistry> {
  const { clock = systemClock } = options;
  const folders = await registryFolders(options.root);
  const id = `${Math.floor(clock.wallMs() / 1000).toString(36)}-${randomBytes(4).toString('hex')}`;
  const dir = join(folders.runs, id);
  makeRunFolder(folders, id);

  const claimed: string[] = [];
  let disposed = false;
  const disposeNow = () => {
    if (disposed) return;
    disposed = true;
    process.off('exit', disposeNow);
    for (const child of readChildren(dir)) signalProcess(child, 'SIGKILL');
    rmSync(dir, { recursive: true, force: true });
    for (const path of claimed) rmSync(path, { force: true });
  };
  // The last line of defence: the process ends by an error that nobody caught.
  process.on('exit', disposeNow);

  return {
    id,
    dir,
    add(pid, name) {
      const identity = identifyProcess(pid);
      if (identity !== undefined) writeEntry(childPath(dir, pid), { ...identity, name } satisfies RegisteredChild);
    },
    remove: (pid) => rmSync(childPath(dir, pid), { force: true }),
    addProxy: (toxiproxyUrl, proxy) =>
      writeEntry(join(dir, 'proxies', `${proxy}.json`), { toxiproxyUrl, proxy } satisfies RegisteredProxy),
    async claimPort() {
      for (let attempt = 0; attempt < PORT_ATTEMPTS; attempt++) {
        const port = randomInt(PORTS.from, PORTS.to);
        const path = join(folders.ports, String(port));
        if (!claim(path, id)) continue;
        if (await isFree(port)) {
          claimed.push(path);
          return port;
        }
        rmSync(path, { force: true });
      }
      throw new EnvironmentError(
        'port-taken',
        `No free port between ${PORTS.from} and ${PORTS.to} was found in ${PORT_ATTEMPTS} attempts. Stop servers that listen there.`,
      );
    },
    async [Symbol.asyncDispose]() {
      disposeNow();
    },
  };
}

/** A folder without an owner would be swept: it appears together with its owner. */
function makeRunFolder(folders: RegistryFolders, id: string): void {
  const identity = identifyProcess(process.pid);
  if (identity === undefined)
    throw new EnvironmentError('unsupported', 'The start time of this process cannot be read.');
  const owner: RunOwner = { ...identity, pidNamespace: pidNamespace() };
  const nascent = join(folders.runs, `.new-${id}`);
  try {
    mkdirSync(join(nascent, 'children'), { recursive: true });
    mkdirSync(join(nascent, 'proxies'));
    writeFileSync(join(nascent, 'owner.json'), JSON.stringify(owner));
    renameSync(nascent, join(folders.runs, id));
  } catch (error) {
    throw explainFileError(error, `The folder for running servers, ${folders.root}, cannot be used`);
  }
}

export function readChildren(runDir: string): RegisteredChild[] {
  return readEntries<RegisteredChild>(join(runDir, 'children'));
}

export function readProxies(runDir: string): RegisteredProxy[] {
  return readEntries<RegisteredProxy>(join(runDir, 'proxies'));
}

function readEntries<T>(folder: string): T[] {
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch {
    return [];
  }
  return names
    .filter((name) => name.endsWith('.json'))
    .map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')));
}

/** Whole or not at all: a reader never sees half an entry. */
function writeEntry(path: string, entry: object): void {
  writeFileSync(`${path}.new`, JSON.stringify(entry));
  renameSync(`${path}.new`, path);
}

function childPath(dir: string, pid: number): string {
  return join(dir, 'children', `${pid}.json`);
}

function claim(path: string, runId: string): boolean {
  try {
    writeFileSync(path, runId, { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
  });
}

function defaultRoot(): string {
  const { uid, username } = userInfo();
  return join(tmpdir(), `gauntlet-${uid >= 0 ? uid : username}`);
}
