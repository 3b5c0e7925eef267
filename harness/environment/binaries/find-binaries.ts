import { stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { EnvironmentError } from '../environment-error.js';
import {
  type Binary,
  type BinaryName,
  type BinarySource,
  isRedis,
  TOXIPROXY_VERSION,
  versionProblem,
} from './binary.js';
import type { BinaryIndex } from './binary-index.js';
import { cachedPath } from './place-in-cache.js';
import { findOnPath, isExecutable, type SearchContext } from './search-context.js';

/** Paths that a person has given; a folder or the program itself. */
export interface ExplicitPaths {
  readonly redisServer?: string;
  readonly toxiproxyServer?: string;
}

/** What was tried without success: `PATH: no redis-server`. */
export type Attempts = string[];

/**
 * Looks for one program where it may be already: the explicit path, PATH, the cache. An explicit path that will not do is
 * an error, since whoever gave it wants that one and no other; the other places fall to the next.
 */
export async function findBinary(
  name: BinaryName,
  explicit: ExplicitPaths,
  index: BinaryIndex,
  attempts: Attempts,
  context: SearchContext,
): Promise<Binary | undefined> {
  return (
    (await findExplicit(name, explicit, index, context)) ??
    (await tryPath(name, 'PATH', await findOnPath(name, context.env), index, attempts, context)) ??
    (await tryPath(name, 'cache', await cached(name, context), index, attempts, context))
  );
}

/** One candidate, or a note of why it will not do. */
export async function tryPath(
  name: BinaryName,
  source: BinarySource,
  path: string | undefined,
  index: BinaryIndex,
  attempts: Attempts,
  context: SearchContext,
): Promise<Binary | undefined> {
  if (path === undefined) {
    attempts.push(source === 'cache' ? `cache: no ${name} in ${context.cacheDir}` : `${source}: no ${name}`);
    return undefined;
  }
  try {
    const version = await index.version(name, path, context.signal);
    const problem = versionProblem(name, version);
    if (problem === undefined) return { name, path, version, source };
    attempts.push(`${source}: ${path} ${problem}`);
  } catch (error) {
    context.signal.throwIfAborted();
    attempts.push(`${source}: ${path}: ${(error as Error).message}`);
  }
  return undefined;
}

async function findExplicit(
  name: BinaryName,
  explicit: ExplicitPaths,
  index: BinaryIndex,
  context: SearchContext,
): Promise<Binary | undefined> {
  const variable = isRedis(name) ? 'GAUNTLET_REDIS_SERVER' : 'GAUNTLET_TOXIPROXY_SERVER';
  const given = (isRedis(name) ? explicit.redisServer : explicit.toxiproxyServer) ?? context.env[variable];
  if (!given) return undefined;
  if (given.includes('://')) {
    throw new EnvironmentError(
      'missing-binary',
      `${name}: ${given.replace(/\/\/.*@/, '//')} is a URL; ${variable} and its flag take the path of a program. A server that runs already is named with gauntlet run --env external --redis URL --toxiproxy URL; gauntlet setup --redis URL --toxiproxy URL asks whether it will do.`,
    );
  }
  const path = await locate(name, resolve(given));
  const isCompanion = name === 'redis-sentinel' || name === 'redis-cli';
  if (isCompanion && !(await isExecutable(path))) return undefined;
  const remedy = `Correct the path, or leave it out (${variable} or its flag) and run \`gauntlet setup\`.`;
  if (!(await isExecutable(path))) {
    throw new EnvironmentError(
      'missing-binary',
      `${name}: there is no program at ${path}, which was asked for. ${remedy}`,
    );
  }
  let version: string;
  try {
    version = await index.version(name, path, context.signal);
  } catch (cause) {
    context.signal.throwIfAborted();
    const reason = (cause as Error).message;
    throw new EnvironmentError('missing-binary', `${name}: ${path}, which was asked for, fails: ${reason}. ${remedy}`, {
      cause,
    });
  }
  const problem = versionProblem(name, version);
  if (problem !== undefined && isRedis(name)) {
    throw new EnvironmentError('missing-binary', `${name}: ${path}, which was asked for, ${problem}. ${remedy}`);
  }
  if (problem !== undefined) {
    context.log(
      `${name}: ${path} is ${version}; used as asked, though scenarios are written against ${TOXIPROXY_VERSION}.`,
    );
  }
  return { name, path, version, source: 'explicit' };
}

/** Sentinel and cli are looked for beside the server. */
async function locate(name: BinaryName, given: string): Promise<string> {
  const isFolder = (await stat(given).catch(() => undefined))?.isDirectory() === true;
  if (isFolder) return join(given, name);
  return name === 'redis-server' || name === 'toxiproxy-server' ? given : join(dirname(given), name);
}

async function cached(name: BinaryName, context: SearchContext): Promise<string | undefined> {
  const path = cachedPath(context.cacheDir, name);
  return (await isExecutable(path)) ? path : undefined;
}
