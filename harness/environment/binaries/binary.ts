/** The programs that runs need, by the names they have in the cache. */
export const BINARY_NAMES = ['redis-server', 'redis-sentinel', 'redis-cli', 'toxiproxy-server'] as const;
export type BinaryName = (typeof BINARY_NAMES)[number];

/** Where a program came from, in the order in which places are tried. */
export const BINARY_SOURCES = ['explicit', 'PATH', 'cache', 'apt', 'brew', 'download', 'go install'] as const;
export type BinarySource = (typeof BINARY_SOURCES)[number];

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
