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

/** The first executable of that name on PATH. */
export async function findOnPath(program: string, env: NodeJS.ProcessEnv): Promise<string | undefined> {
  for (const folder of (env.PATH ?? '').split(delimiter)) {
    const path = join(folder, program);
    if (folder !== '' && (await isExecutable(path))) return path;
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
