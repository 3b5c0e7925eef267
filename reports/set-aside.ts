import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { SCENARIO_OUTPUTS } from './clear-report.js';
import { writeError } from './write-report.js';

/**
 * Moves what a run left in its folder, logs included, to another one that has none of it: the next run of the scenario
 * then finds its folder clear. Files that no run writes stay. Throws ReportError.
 */
export async function setAside(dir: string, to: string): Promise<void> {
  for (const output of SCENARIO_OUTPUTS) {
    const path = join(to, output);
    try {
      await mkdir(to, { recursive: true });
      await rename(join(dir, output), path);
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw writeError(path, cause);
    }
  }
}
