import { readFileSync } from 'node:fs';
import type { Variant } from './variant.js';

const BROKER = new URL('../../../broker/', import.meta.url);

/** From a script of the broker to what servers execute instead of it. Throws where the text to replace is not in it. */
export function mutatedScripts({ scripts = [] }: Pick<Variant, 'scripts'>): ReadonlyMap<string, string> {
  const mutated = new Map<string, string>();
  for (const [file, from, to] of scripts) {
    const source = scriptSource(file);
    const before = mutated.get(source) ?? source;
    if (!before.includes(from)) throw new Error(`${file} does not contain '${from}'`);
    mutated.set(source, before.replace(from, to));
  }
  return mutated;
}

/** As servers see it: bytes. */
export function scriptSource(file: string): string {
  return readFileSync(new URL(file, BROKER), 'latin1');
}
