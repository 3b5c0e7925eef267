import { EnvironmentError } from '../environment-error.js';
import {
  BINARY_NAMES,
  type Binaries,
  type Binary,
  type BinaryName,
  type BinarySource,
  isRedis,
  isRequired,
  REDIS_MIN_VERSION,
  REQUIRED_BINARIES,
  TOXIPROXY_VERSION,
} from './binary.js';
import { BinaryIndex } from './binary-index.js';
import { type Attempts, type ExplicitPaths, findBinary, tryPath } from './find-binaries.js';
import { installRedisByApt, installRedisByBrew } from './package-manager.js';
import { cacheFolder, type SearchContext } from './search-context.js';
import { goInstallToxiproxy } from './toxiproxy-go-install.js';
import { downloadToxiproxy } from './toxiproxy-release.js';

export interface BinaryOptions {
  /** Paths from flags; they come before the environment's. */
  readonly explicit?: ExplicitPaths;
  /** Environment variables; the process's own where left out. */
  readonly env?: NodeJS.ProcessEnv;
  /** One line per step: what it does and why. */
  readonly log: (message: string) => void;
  readonly signal: AbortSignal;
}

export interface BinaryReport {
  readonly cacheDir: string;
  readonly found: readonly Binary[];
  readonly missing: readonly MissingBinary[];
}

export interface MissingBinary {
  readonly name: BinaryName;
  readonly attempts: readonly string[];
  readonly remedy: string;
}

type Install = (names: readonly BinaryName[], context: SearchContext) => Promise<string[]>;

interface Installer {
  readonly source: BinarySource;
  readonly install: Install;
}

const REDIS_INSTALLERS: readonly Installer[] = [
  { source: 'apt', install: installRedisByApt },
  { source: 'brew', install: installRedisByBrew },
];
const TOXIPROXY_INSTALLERS: readonly Installer[] = [
  { source: 'download', install: async (_, context) => [await downloadToxiproxy(context)] },
  { source: 'go install', install: async (_, context) => [await goInstallToxiproxy(context)] },
];

/** What a run starts, found or else installed. Rejects with `missing-binary`, all attempts and the remedy. */
export async function ensureBinaries(options: BinaryOptions): Promise<Binaries> {
  const { found, missing } = await installBinaries(options, REQUIRED_BINARIES);
  const redisServer = found.find(({ name }) => name === 'redis-server');
  const toxiproxyServer = found.find(({ name }) => name === 'toxiproxy-server');
  if (redisServer === undefined || toxiproxyServer === undefined) {
    throw new EnvironmentError('missing-binary', describeMissing(missing));
  }
  return { redisServer, toxiproxyServer };
}

/** Finds programs without installing any. Rejects only when an explicit path will not do. */
export function findBinaries(
  options: BinaryOptions,
  names: readonly BinaryName[] = BINARY_NAMES,
): Promise<BinaryReport> {
  return search(options, names, false);
}

/** Finds programs and installs what is missing. Rejects only when an explicit path will not do. */
export function installBinaries(
  options: BinaryOptions,
  names: readonly BinaryName[] = BINARY_NAMES,
): Promise<BinaryReport> {
  return search(options, names, true);
}

/** Several lines: what is missing, what was tried, what to do. */
export function describeMissing(missing: readonly MissingBinary[]): string {
  const lines = missing.flatMap(({ name, attempts }) => [
    `${name} is missing. Tried:`,
    ...attempts.map((attempt) => `  - ${attempt}`),
  ]);
  return [...lines, ...new Set(missing.map(({ remedy }) => remedy))].join('\n');
}

async function search(options: BinaryOptions, names: readonly BinaryName[], install: boolean): Promise<BinaryReport> {
  const { env = process.env, explicit = {}, log, signal } = options;
  const context: SearchContext = { env, cacheDir: cacheFolder(env), log, signal };
  const index = await BinaryIndex.open(context.cacheDir);
  const found: Binary[] = [];
  const attempts = new Map<BinaryName, Attempts>(names.map((name) => [name, []]));
  try {
    for (const [name, tried] of attempts) {
      const binary = await findBinary(name, explicit, index, tried, context);
      if (binary !== undefined) found.push(binary);
    }
    const missing = () => names.filter((name) => !found.some((binary) => binary.name === name));
    for (const name of missing()) log(`${name} was not found: ${attempts.get(name)?.join('; ')}.`);
    if (install) {
      for (const [installers, belongs] of [
        [REDIS_INSTALLERS, isRedis],
        [TOXIPROXY_INSTALLERS, (name: BinaryName) => !isRedis(name)],
      ] as const) {
        const wanted = missing().filter(belongs);
        // A system's packages are not touched for something that runs can do without.
        if (wanted.some(isRequired)) found.push(...(await runInstallers(installers, wanted, index, attempts, context)));
      }
    }
    const report = missing().map((name) => ({ name, attempts: attempts.get(name) ?? [], remedy: remedyFor(name) }));
    return { cacheDir: context.cacheDir, found, missing: report };
  } finally {
    // Without a cache every run looks again, and that is all.
    await index
      .save()
      .catch((error: Error) => log(`The cache ${context.cacheDir} cannot be written: ${error.message}`));
  }
}

/** One installer after the other until nothing is missing. A failure is noted, and the next one tried. */
async function runInstallers(
  installers: readonly Installer[],
  names: readonly BinaryName[],
  index: BinaryIndex,
  attempts: ReadonlyMap<BinaryName, Attempts>,
  context: SearchContext,
): Promise<Binary[]> {
  const installed: Binary[] = [];
  const missing = () => names.filter((name) => !installed.some((binary) => binary.name === name));
  for (const { source, install } of installers) {
    if (missing().length === 0) break;
    try {
      const paths = await install(missing(), context);
      for (const name of missing()) {
        const path = paths.find((candidate) => candidate.endsWith(`/${name}`));
        const binary = await tryPath(name, source, path, index, attempts.get(name) ?? [], context);
        if (binary === undefined) continue;
        installed.push(binary);
        index.noteInstalled(binary.path, source);
        context.log(`${source}: ${name} ${binary.version} is at ${binary.path}.`);
      }
    } catch (error) {
      context.signal.throwIfAborted();
      const reason = (error as Error).message;
      context.log(`${source}: ${reason}.`);
      for (const name of missing()) attempts.get(name)?.push(`${source}: ${reason}`);
    }
  }
  return installed;
}

function remedyFor(name: BinaryName): string {
  if (isRedis(name)) {
    return (
      `Install Redis ${REDIS_MIN_VERSION} or later (https://redis.io/docs/latest/operate/oss_and_stack/install/) with redis-server on PATH, ` +
      'or set GAUNTLET_REDIS_SERVER to its path, or use a server that runs already: gauntlet run --env external --redis URL --toxiproxy URL.'
    );
  }
  return (
    `Download toxiproxy-server ${TOXIPROXY_VERSION} from https://github.com/Shopify/toxiproxy/releases/tag/v${TOXIPROXY_VERSION} ` +
    'and set GAUNTLET_TOXIPROXY_SERVER to its path, or install Go 1.23 or later and run `gauntlet setup` again.'
  );
}
