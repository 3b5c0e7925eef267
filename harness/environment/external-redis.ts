import type { RedisSpec } from '../scenario/scenario.js';
import { compareVersions, REDIS_MIN_VERSION } from './binaries/binary.js';
import { EnvironmentError } from './environment-error.js';
import { askRedis, type RedisAddress, redisInfo } from './redis-probe.js';
import { formatAddress } from './server-url.js';

/** What a run needs to know of a Redis that is not ours. Rejects when it will not do for the scenario. */
export async function checkExternalRedis(
  address: RedisAddress,
  spec: RedisSpec,
  log: (message: string) => void,
): Promise<{ readonly version: string; readonly runId: string }> {
  const at = `Redis at ${formatAddress(address)}`;
  let server: ReadonlyMap<string, string>;
  let role: unknown;
  try {
    server = await redisInfo(address, 'server');
    [role] = (await askRedis(address, 'ROLE')) as [string];
  } catch (cause) {
    const reason = (cause as Error).message;
    throw new EnvironmentError(
      'unreachable',
      `${at} does not answer: ${reason}. Start it (docker compose up -d), or correct --redis.`,
      { cause },
    );
  }
  const version = server.get('redis_version') ?? '0';
  if (compareVersions(version, REDIS_MIN_VERSION) < 0) {
    throw new EnvironmentError('unsupported', `${at} is ${version}; ${REDIS_MIN_VERSION} or later is needed.`);
  }
  if (server.get('redis_mode') !== 'standalone') {
    throw new EnvironmentError(
      'unsupported',
      `${at} runs as ${server.get('redis_mode')}; --env external needs a standalone one.`,
    );
  }
  if (role !== 'master') {
    throw new EnvironmentError('unsupported', `${at} has the role ${String(role)}; --env external needs a master.`);
  }
  await checkConfig(address, at, spec.config, log);
  return { version, runId: server.get('run_id') ?? '' };
}

/** The configuration of somebody else's server is compared, never changed. */
async function checkConfig(
  address: RedisAddress,
  at: string,
  wanted: RedisSpec['config'],
  log: (message: string) => void,
): Promise<void> {
  const differences: string[] = [];
  for (const [directive, value] of Object.entries(wanted)) {
    let actual: string | undefined;
    try {
      [, actual] = (await askRedis(address, 'CONFIG', 'GET', directive)) as string[];
    } catch (error) {
      log(`${at} does not tell its configuration (${(error as Error).message}); the scenario's is taken as given.`);
      return;
    }
    if (actual === undefined) differences.push(`${directive}: unknown to it`);
    else if (normalize(actual) !== normalize(value))
      differences.push(`${directive}: "${actual}" instead of "${value}"`);
  }
  if (differences.length === 0) return;
  throw new EnvironmentError(
    'bad-config',
    `${at} is not configured as environment.redis.config says: ${differences.join('; ')}. Start it with that configuration, or use --env native.`,
  );
}

const UNITS: Readonly<Record<string, number>> = { k: 1e3, kb: 1024, m: 1e6, mb: 1024 ** 2, g: 1e9, gb: 1024 ** 3 };

/** As CONFIG GET tells it: sizes in bytes, no quotes. */
function normalize(value: string): string {
  const plain = value
    .trim()
    .replace(/^"(.*)"$/, '$1')
    .toLowerCase();
  const size = /^(\d+)([kmg]b?)$/.exec(plain);
  return size === null ? plain : String(Number(size[1]) * (UNITS[size[2] as string] ?? 1));
}
