import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Node's arguments for a worker process whose entry module is `entry` (a URL resolved with `import.meta.url`, ending in
 * `.js` as in the build). Running from source, or when a user's module is TypeScript, the worker gets tsx's loader.
 */
export function workerArgv(entry: URL, userModule?: string): string[] {
  const fromSource = extname(fileURLToPath(import.meta.url)) === '.ts';
  const path = fileURLToPath(entry);
  const script = fromSource ? path.replace(/\.js$/, '.ts') : path;
  const needsLoader = fromSource || (userModule !== undefined && /\.[cm]?ts$/.test(userModule));
  return needsLoader ? ['--import', import.meta.resolve('tsx'), script] : [script];
}
