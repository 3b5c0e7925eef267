/** The programs that runs need, by the names they have in the cache. */
export const BINARY_NAMES = ['redis-server', 'redis-sentinel', 'redis-cli', 'toxiproxy-server'] as const;
export type BinaryName = (typeof BINARY_NAMES)[number];

/** Without these no run starts. The others are of use to people and to topologies that need them. */
export const REQUIRED_BINARIES = ['redis-server', 'toxiproxy-server'] as const satisfies readonly BinaryName[];

export function isRequired(name: BinaryName): boolean {
  return (REQUIRED_BINARIES as readonly BinaryName[]).includes(name);
}

/** Where a program came from, in the order in which places are tried. */
export type BinarySource = 'explicit' | 'PATH' | 'cache' | 'apt' | 'brew' | 'download' | 'go install';

export interface Binary {
  readonly name: BinaryName;
  readonly path: string;
  readonly version: string;
  readonly source: BinarySource;
}

/** What a run starts. */
export interface Binaries {
  readonly redisServer: Binary;
  readonly toxiproxyServer: Binary;
}

/** The Toxiproxy that scenarios are written against: its faults differ between versions, so it is pinned. */
export const TOXIPROXY_VERSION = '2.12.0';
/** Oldest Redis with everything that the reference broker's scripts use. */
export const REDIS_MIN_VERSION = '7.0.0';

export function isRedis(name: BinaryName): boolean {
  return name !== 'toxiproxy-server';
}

/** Why this version will not do, or undefined when it will. */
export function versionProblem(name: BinaryName, version: string): string | undefined {
  if (isRedis(name)) {
    return compareVersions(version, REDIS_MIN_VERSION) < 0
      ? `is ${version}; ${REDIS_MIN_VERSION} or later is needed`
      : undefined;
  }
  return version === TOXIPROXY_VERSION ? undefined : `is ${version}; ${TOXIPROXY_VERSION} is needed`;
}

/** Negative when `a` is older than `b`. Numbers between dots only. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((version) => version.split('.').map(Number)) as [number[], number[]];
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
