// Copies what tsc leaves behind (Lua scripts, browser assets, schemas) into dist, or the folder that is named, beside the
// modules that read them.
import { cp, readdir } from 'node:fs/promises';
import { extname, join } from 'node:path';

const [target = 'dist'] = process.argv.slice(2);
const PARTS = ['broker', 'harness', 'reports'];
const ASSETS = new Set(['.lua', '.css', '.html', '.mjs', '.json']);

for (const part of PARTS) {
  for (const entry of await readdir(part, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !ASSETS.has(extname(entry.name))) continue;
    const path = join(entry.parentPath, entry.name);
    await cp(path, join(target, path));
  }
}
