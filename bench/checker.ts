import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Benchmark, Contender } from './benchmark.js';
import { syntheticHistory, writeSyntheticLedger } from './load/synthetic-ledger.js';

const CHILD = fileURLToPath(new URL('./load/check-ledger.ts', import.meta.url));

/** The checker's time and memory on ledgers of a healthy run, four records a message, plan included. */
export const checker: Benchmark = {
  name: 'checker',
  summary: 'checking the ledger of 5 million messages against one of 1 million',
  baseline: '1 million',
  contenders: [contender('1 million', 1_000_000), contender('5 million', 5_000_000)],
  settings: (quick) => ({
    messages: quick ? 'half as many as the labels say' : 'as the labels say',
    recordsPerMessage: 4,
    keys: 1000,
    consumers: 2,
  }),
};

function contender(label: string, count: number): Contender {
  return {
    label,
    async run({ quick, signal }) {
      const messages = quick ? count / 2 : count;
      const dir = await mkdtemp(join(tmpdir(), 'gauntlet-checker-'));
      try {
        writeSyntheticLedger(syntheticHistory(dir, messages));
        const argv = ['--import', 'tsx', CHILD, dir, String(messages)];
        const { stdout } = await promisify(execFile)(process.execPath, argv, { signal });
        const { ms, records, peakBytes } = JSON.parse(stdout) as { ms: number; records: number; peakBytes: number };
        return [
          { metric: 'time', unit: 'ms', value: ms },
          { metric: 'rate', unit: 'records/s', value: (records / ms) * 1000 },
          { metric: 'memory', unit: 'bytes a message', value: peakBytes / messages },
        ];
      } finally {
        await rm(dir, { recursive: true, force: true });
      }
    },
  };
}
