import type { Directory } from './directory.js';
import type { DirectoryOptions, Network } from './network.js';
import { RedisLink } from './redis-link.js';
import { StandaloneDirectory } from './standalone-directory.js';

/** Redis servers, by ioredis. */
export const redisNetwork: Network = {
  openLink: (options) => new RedisLink(options),
  openDirectory,
};

function openDirectory(options: DirectoryOptions): Directory {
  const { endpoint } = options;
  if ('sentinels' in endpoint || 'cluster' in endpoint) throw new Error('not yet');
  return new StandaloneDirectory(endpoint);
}
