import { ClusterDirectory } from './cluster-directory.js';
import type { Directory } from './directory.js';
import type { DirectoryOptions, Network } from './network.js';
import { RedisLink } from './redis-link.js';
import { SentinelDirectory } from './sentinel-directory.js';
import { StandaloneDirectory } from './standalone-directory.js';

/** Redis servers, by ioredis. */
export const redisNetwork: Network = {
  openLink: (options) => new RedisLink(options),
  openDirectory,
};

function openDirectory(options: DirectoryOptions): Directory {
  const { endpoint } = options;
  if ('sentinels' in endpoint) return new SentinelDirectory(endpoint, options);
  if ('cluster' in endpoint) return new ClusterDirectory(endpoint, options);
  return new StandaloneDirectory(endpoint);
}
