import { readFile } from 'node:fs/promises';
import type { BinaryName } from './binary.js';
import { runCommand } from './run-command.js';

const VERSION_DEADLINE_MS = 10_000;

/** What the program at `path` says that its version is. Rejects when it cannot be run or is something else. */
export async function askVersion(name: BinaryName, path: string, signal: AbortSignal): Promise<string> {
  const options = { env: process.env, deadlineMs: VERSION_DEADLINE_MS };
  const output = await runCommand(path, ['--version'], options, signal);
  const version = parseVersion(name, output) ?? (name === 'toxiproxy-server' ? await goModuleVersion(path) : undefined);
  if (version === undefined) throw new Error(`does not say its version, but: ${output.trim().split('\n')[0]}`);
  return version;
}

/** Valkey is a Redis by another name. Undefined also for a Toxiproxy made by `go install`: it calls its version `git`. */
export function parseVersion(name: BinaryName, output: string): string | undefined {
  const pattern = {
    'redis-server': /^(?:Redis|Valkey) server v=(\d[\d.]*)/,
    'redis-sentinel': /^(?:Redis|Valkey) server v=(\d[\d.]*)/,
    'redis-cli': /^(?:redis|valkey)-cli (\d[\d.]*)/,
    'toxiproxy-server': /^toxiproxy-server version v?(\d[\d.]*)/,
  }[name];
  return pattern.exec(output.trim())?.[1];
}

/**
 * The module version in a Go program's build information: the line that `go version -m` prints, which lies in the
 * file as text, so that it can be read where Go is not installed.
 */
async function goModuleVersion(path: string): Promise<string | undefined> {
  const marker = 'mod\tgithub.com/Shopify/toxiproxy/v2\tv';
  const content = await readFile(path);
  const at = content.indexOf(marker);
  if (at < 0) return undefined;
  const rest = content.toString('latin1', at + marker.length, at + marker.length + 40);
  return /^(\d[\d.]*)/.exec(rest)?.[1];
}
