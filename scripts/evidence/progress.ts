import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { readResults } from '../../reports/read-results.js';
import type { Results } from '../../reports/results.js';

/** What a result was made with: of another commit, scenario file or setting it is another result. */
export interface Origin {
  readonly commit: string | null;
  /** Text of the scenario's file. */
  readonly scenario: string;
  readonly set: readonly string[];
  readonly tags: string | undefined;
}

const ORIGINS = 'origins.json';

/** The results of a call that may be interrupted, in a folder of their own until all are there. */
export class EvidenceProgress {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** What an earlier call has kept under this name, if it was made with the same, and is whole. */
  async kept(file: string, origin: Origin): Promise<Results | undefined> {
    if ((await this.#origins())[file] !== digestOf(origin)) return undefined;
    return await readResults(join(this.#folder, file)).catch(() => undefined);
  }

  /** Compresses a results.json, and reads back what was kept. */
  async keep(file: string, origin: Origin, text: Buffer): Promise<Results> {
    await mkdir(this.#folder, { recursive: true });
    await this.#write(file, gzipSync(text, { level: 9 }));
    await this.#write(ORIGINS, JSON.stringify({ ...(await this.#origins()), [file]: digestOf(origin) }));
    return await readResults(join(this.#folder, file));
  }

  /** Puts `files`, and nothing else that lies there, in the place of what was in `target`. */
  async moveTo(target: string, files: readonly string[]): Promise<void> {
    for (const name of await readdir(this.#folder)) {
      if (!files.includes(name)) await rm(join(this.#folder, name), { recursive: true });
    }
    await rm(target, { recursive: true, force: true });
    await rename(this.#folder, target);
  }

  /** Whole, or not at all. */
  async #write(name: string, content: Buffer | string): Promise<void> {
    const unfinished = join(this.#folder, `${name}.part`);
    await writeFile(unfinished, content);
    await rename(unfinished, join(this.#folder, name));
  }

  async #origins(): Promise<Record<string, string>> {
    const text = await readFile(join(this.#folder, ORIGINS), 'utf8').catch(() => '{}');
    return JSON.parse(text) as Record<string, string>;
  }
}

function digestOf({ commit, scenario, set, tags }: Origin): string {
  return createHash('sha256')
    .update(JSON.stringify([commit, scenario, set, tags ?? null]))
    .digest('hex');
}
