import { randomBytes } from 'node:crypto';
import { mkdir, rename, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { BinaryName } from './binary.js';

/** Where the cache keeps a program. */
export function cachedPath(cacheDir: string, name: BinaryName): string {
  return join(cacheDir, 'bin', name);
}

/**
 * Lets `make` write a file under a name of its own and then puts it in its place in one step: two set-ups at once do not
 * see half of each other's, and a running program is not written over.
 */
export async function placeInCache(
  cacheDir: string,
  name: BinaryName,
  make: (draft: string) => Promise<void>,
): Promise<string> {
  const path = cachedPath(cacheDir, name);
  const folder = join(cacheDir, 'bin', `.new-${randomBytes(6).toString('hex')}`);
  await mkdir(folder, { recursive: true });
  try {
    // The right name already: Redis decides by it what it is.
    const draft = join(folder, name);
    await make(draft);
    await rename(draft, path);
    return path;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

export function linkInCache(cacheDir: string, name: BinaryName, target: string): Promise<string> {
  return placeInCache(cacheDir, name, (draft) => symlink(target, draft));
}
