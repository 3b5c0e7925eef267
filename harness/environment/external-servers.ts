import { connectToxiproxy } from '../faults/toxiproxy.js';
import { checkExternalRedis } from './external-redis.js';
import { reachToxiproxy } from './external-toxiproxy.js';
import { formatAddress, parseRedisUrl, parseToxiproxyUrl } from './server-url.js';

export const DEFAULT_REDIS_URL = 'redis://127.0.0.1:6379';
export const DEFAULT_TOXIPROXY_URL = 'http://127.0.0.1:8474';

export interface ExternalServer {
  readonly name: 'redis' | 'toxiproxy';
  readonly version: string;
  /** Without credentials. */
  readonly url: string;
}

/** Asks servers that run already whether they would do for `--env external`. Throws EnvironmentError and UsageError. */
export async function findExternalServers(redisUrl: string, toxiproxyUrl: string): Promise<ExternalServer[]> {
  const redis = parseRedisUrl(redisUrl);
  const control = parseToxiproxyUrl(toxiproxyUrl);
  const { version } = await checkExternalRedis(redis, { topology: 'standalone', replicas: 0, config: {} }, () => {});
  const url = `http://${formatAddress(control)}`;
  const toxiproxyVersion = await reachToxiproxy(connectToxiproxy(control), url);
  return [
    { name: 'redis', version, url: `redis://${formatAddress(redis)}` },
    { name: 'toxiproxy', version: toxiproxyVersion, url },
  ];
}
