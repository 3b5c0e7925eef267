import { dirname, join } from 'node:path';
import { type BinaryName, compareVersions, REDIS_MIN_VERSION } from './binary.js';
import { linkInCache } from './place-in-cache.js';
import { runCommand } from './run-command.js';
import { findOnPath, isExecutable, type SearchContext } from './search-context.js';

const QUERY_DEADLINE_MS = 30_000;
const INSTALL_DEADLINE_MS = 600_000;

/**
 * Installs Redis by apt, without a system service: the package `redis-tools` brings the program itself (as
 * `redis-check-rdb`; Redis decides by the name it is called by what it is), while `redis-server` and `redis-sentinel`
 * add only links and services, which would be started at once and with every boot. So only `redis-tools` is installed,
 * and the links are made in the cache.
 */
export async function installRedisByApt(names: readonly BinaryName[], context: SearchContext): Promise<string[]> {
  const { env, cacheDir, log, signal } = context;
  const aptGet = await findOnPath('apt-get', env);
  const aptCache = await findOnPath('apt-cache', env);
  if (aptGet === undefined || aptCache === undefined) throw new Error('this system has no apt');
  const asRoot = await rootPrefix(context);
  const quiet = { ...env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' };
  const apt = (...args: string[]) => {
    // Another apt at work is waited for; sudo does not pass the environment on.
    const [program, ...rest] = [
      ...asRoot,
      'env',
      'DEBIAN_FRONTEND=noninteractive',
      aptGet,
      '-o',
      'DPkg::Lock::Timeout=300',
      ...args,
    ];
    return runCommand(program as string, rest, { env: quiet, deadlineMs: INSTALL_DEADLINE_MS }, signal);
  };
  const candidate = async () => {
    const policy = await runCommand(
      aptCache,
      ['policy', 'redis-tools'],
      { env: quiet, deadlineMs: QUERY_DEADLINE_MS },
      signal,
    );
    return /Candidate: (?:\d+:)?(\d[\d.]*)/.exec(policy)?.[1];
  };

  let updated = false;
  const update = async () => {
    log('apt: updating the package lists, since they are missing or out of date.');
    await apt('update', '-q');
    updated = true;
  };
  if ((await candidate()) === undefined) await update();
  const version = await candidate();
  if (version === undefined) throw new Error('no package redis-tools is known, not even after `apt-get update`');
  if (compareVersions(version, REDIS_MIN_VERSION) < 0) {
    throw new Error(`this system's package is Redis ${version}; ${REDIS_MIN_VERSION} or later is needed`);
  }
  log(`apt: installing redis-tools ${version}: Redis without a system service; this can take a minute.`);
  const install = () => apt('install', '-y', '-q', '--no-install-recommends', 'redis-tools');
  await install().catch(async (error: unknown) => {
    if (updated || signal.aborted) throw error;
    await update();
    await install();
  });

  const program = await findOnPath('redis-check-rdb', env);
  const paths: string[] = [];
  for (const name of names) {
    const installed = await findOnPath(name, env);
    if (installed !== undefined) paths.push(installed);
    else if (program !== undefined && name !== 'redis-cli') paths.push(await linkInCache(cacheDir, name, program));
  }
  return paths;
}

/** Homebrew starts no service unless asked to. */
export async function installRedisByBrew(names: readonly BinaryName[], context: SearchContext): Promise<string[]> {
  const { env, log, signal } = context;
  const brew = await findOnPath('brew', env);
  if (brew === undefined) throw new Error('this system has no Homebrew');
  log('brew: installing redis; this can take a minute.');
  const quiet = { ...env, HOMEBREW_NO_AUTO_UPDATE: '1', HOMEBREW_NO_ENV_HINTS: '1' };
  await runCommand(brew, ['install', 'redis'], { env: quiet, deadlineMs: INSTALL_DEADLINE_MS }, signal);
  const paths = names.map((name) => join(dirname(brew), name));
  const present = await Promise.all(paths.map(isExecutable));
  return paths.filter((_, index) => present[index]);
}

async function rootPrefix(context: SearchContext): Promise<string[]> {
  if (process.getuid?.() === 0) return [];
  const sudo = await findOnPath('sudo', context.env);
  if (sudo === undefined) throw new Error('it needs root, and there is no sudo');
  try {
    await runCommand(sudo, ['-n', 'true'], { env: context.env, deadlineMs: QUERY_DEADLINE_MS }, context.signal);
  } catch {
    throw new Error('it needs root, and sudo asks for a password');
  }
  return [sudo, '-n'];
}
