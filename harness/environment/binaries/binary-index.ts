import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { BinaryName, BinarySource } from './binary.js';
import { askVersion } from './inspect.js';

const entry = z.object({
  sizeBytes: z.number(),
  modifiedMs: z.number(),
  version: z.string(),
  /** How it got into the cache. */
  installedBy: z.string().optional(),
});
const schema = z.object({ gauntletBinaries: z.literal(1), entries: z.record(z.string(), entry) });
type Entry = z.infer<typeof entry>;

/**
 * `binaries.json` in the cache: what was once found at a path, so that the next run need not start programs to ask for
 * their versions. An entry counts only while the file's size and time are the same.
 */
export class BinaryIndex {
  readonly #dir: string;
  readonly #entries: Map<string, Entry>;
  #changed = false;

  private constructor(dir: string, entries: Map<string, Entry>) {
    this.#dir = dir;
    this.#entries = entries;
  }

  /** An index that is missing or damaged is an empty one. */
  static async open(cacheDir: string): Promise<BinaryIndex> {
    try {
      const stored = schema.parse(JSON.parse(await readFile(join(cacheDir, 'binaries.json'), 'utf8')));
      return new BinaryIndex(cacheDir, new Map(Object.entries(stored.entries)));
    } catch {
      return new BinaryIndex(cacheDir, new Map());
    }
  }

  /** Rejects when the program does not run or is not what its name says. */
  async version(name: BinaryName, path: string, signal: AbortSignal): Promise<string> {
    const { size, mtimeMs } = await stat(path);
    const known = this.#entries.get(path);
    if (known?.sizeBytes === size && known.modifiedMs === mtimeMs) return known.version;
    const version = await askVersion(name, path, signal);
    this.#set(path, { sizeBytes: size, modifiedMs: mtimeMs, version });
    return version;
  }

  installedBy(path: string): string | undefined {
    return this.#entries.get(path)?.installedBy;
  }

  noteInstalled(path: string, installedBy: BinarySource): void {
    const known = this.#entries.get(path);
    if (known !== undefined) this.#set(path, { ...known, installedBy });
  }

  /** Whole or not at all. Of two at once the later one stays, which costs the other a look at its files. */
  async save(): Promise<void> {
    if (!this.#changed) return;
    await mkdir(this.#dir, { recursive: true });
    const path = join(this.#dir, 'binaries.json');
    const draft = `${path}.${randomBytes(4).toString('hex')}`;
    const content = { gauntletBinaries: 1, entries: Object.fromEntries(this.#entries) } satisfies z.infer<
      typeof schema
    >;
    await writeFile(draft, `${JSON.stringify(content, null, 2)}\n`);
    await rename(draft, path);
    this.#changed = false;
  }

  #set(path: string, value: Entry): void {
    this.#entries.set(path, value);
    this.#changed = true;
  }
}
