import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { TOXIPROXY_VERSION } from './binary.js';
import { askVersion } from './inspect.js';
import { placeInCache } from './place-in-cache.js';
import type { SearchContext } from './search-context.js';

const RELEASES = `https://github.com/Shopify/toxiproxy/releases/download/v${TOXIPROXY_VERSION}`;
const CHECKSUMS_DEADLINE_MS = 15_000;
const DOWNLOAD_DEADLINE_MS = 180_000;

/** The release's file for a machine, by Node's names for it; undefined when the project publishes none. */
export function releaseAsset(platform: NodeJS.Platform, arch: string): string | undefined {
  const system = ['linux', 'darwin', 'freebsd', 'netbsd', 'openbsd'].includes(platform) ? platform : undefined;
  const machine = { x64: 'amd64', arm64: 'arm64', arm: 'armv6' }[arch];
  return system === undefined || machine === undefined ? undefined : `toxiproxy-server-${system}-${machine}`;
}

/**
 * Downloads the pinned release into the cache, after its SHA-256 was found equal to the one that the project published
 * beside it. `baseUrl` is the release's folder.
 */
export async function downloadToxiproxy(context: SearchContext, baseUrl: string = RELEASES): Promise<string> {
  const { cacheDir, log, signal } = context;
  const asset = releaseAsset(process.platform, process.arch);
  if (asset === undefined) throw new Error(`there is no release for ${process.platform} on ${process.arch}`);
  log(`download: Toxiproxy ${TOXIPROXY_VERSION} (${asset}) from ${baseUrl}, checked against its checksums.txt.`);
  const checksums = (await download(`${baseUrl}/checksums.txt`, CHECKSUMS_DEADLINE_MS, signal)).toString('utf8');
  const expected = publishedChecksum(checksums, asset);
  if (expected === undefined) throw new Error(`checksums.txt does not list ${asset}`);
  const content = await download(`${baseUrl}/${asset}`, DOWNLOAD_DEADLINE_MS, signal);
  const actual = createHash('sha256').update(content).digest('hex');
  if (actual !== expected) throw new Error(`${asset} was refused: its SHA-256 is ${actual}, published is ${expected}`);
  return placeInCache(cacheDir, 'toxiproxy-server', async (draft) => {
    await writeFile(draft, content, { mode: 0o755 });
    await askVersion('toxiproxy-server', draft, signal);
  });
}

/** `<64 hex digits>  <file>`, one a line. */
export function publishedChecksum(checksums: string, asset: string): string | undefined {
  for (const line of checksums.split('\n')) {
    const [hash, file] = line.trim().split(/\s+/);
    if (file === asset && hash !== undefined && /^[0-9a-f]{64}$/i.test(hash)) return hash.toLowerCase();
  }
  return undefined;
}

async function download(url: string, deadlineMs: number, signal: AbortSignal): Promise<Buffer> {
  try {
    const response = await fetch(url, { signal: AbortSignal.any([signal, AbortSignal.timeout(deadlineMs)]) });
    if (!response.ok) throw new Error(`answer ${response.status}`);
    return Buffer.from(await response.arrayBuffer());
  } catch (error) {
    signal.throwIfAborted();
    const { message, cause } = error as Error;
    throw new Error(`${url}: ${cause instanceof Error ? cause.message : message}`, { cause: error });
  }
}
