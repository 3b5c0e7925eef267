import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Node's flags for a worker that carries load: a young generation that has its size from the start, and a collector that
 * keeps to its own thread, since the helper threads of several processes wait for each other where cores are few, with the
 * event loop behind them (docs/adr/0003).
 */
export const LOAD_WORKER_FLAGS: readonly string[] = [
  '--min-semi-space-size=4',
  '--max-semi-space-size=4',
  '--single-threaded-gc',
];

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
