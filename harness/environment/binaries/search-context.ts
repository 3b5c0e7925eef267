import { access, constants, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';

/** What finding and installing depend on, besides the machine's files. */
export interface SearchContext {
  readonly env: NodeJS.ProcessEnv;
  /** Folder of everything that is kept between runs. */
  readonly cacheDir: string;
  readonly log: (message: string) => void;
  readonly signal: AbortSignal;
}

/** `GAUNTLET_CACHE`, or `gauntlet` in `XDG_CACHE_HOME`, or `~/.cache/gauntlet`. */
export function cacheFolder(env: NodeJS.ProcessEnv): string {
  if (env.GAUNTLET_CACHE) return env.GAUNTLET_CACHE;
  return join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'gauntlet');
}

/** Where installed programs may be though PATH, as some service managers set it, leaves them out. */
const USUAL_FOLDERS = ['/usr/local/bin', '/usr/local/sbin', '/opt/homebrew/bin', '/usr/local/go/bin'];

/** The first executable of that name on PATH or in the usual folders. */
export async function findOnPath(program: string, env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const folders = (env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  for (const folder of [...folders, ...USUAL_FOLDERS]) {
    const path = join(folder, program);
    if (await isExecutable(path)) return path;
  }
  return undefined;
}

export async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}
