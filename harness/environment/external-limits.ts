import type { RedisSpec } from '../scenario/scenario.js';

/** Why servers that somebody else started cannot be what a scenario asks for; undefined: they may be. */
export function externalProblem({ topology, ownLinks }: RedisSpec): string | undefined {
  if (topology !== 'standalone')
    return `environment.redis.topology: "${topology}" cannot be had with --env external, which has one Redis: use standalone, or --env native.`;
  if (ownLinks !== undefined)
    return 'environment.redis.ownLinks cannot be had with --env external, which has one proxy for all: remove it, or use --env native.';
  return undefined;
}
