import { spawn } from 'node:child_process';
import { appendFile, copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { stringify } from 'yaml';
import { gitCommit } from '../harness/run/machine.js';
import { readResults } from '../reports/read-results.js';
import { drawEpisodes } from './soak/episodes.js';
import { recordRun, type SoakRun } from './soak/run-record.js';
import { countedEpisodes, isHarmed, soakTable } from './soak/table.js';

/**
 * Failover after failover, until a number of episodes counts: npm run soak -- [--episodes 200] [--seed 1] [--per-run 20]
 * Every run is one line in docs/evidence/soak/runs.jsonl; called again, it goes on behind the last one. What fails is
 * kept whole.
 */

/** So many runs one after the other in which nothing counts: the machine will not do. */
const FRUITLESS_RUNS = 3;

const { values } = parseArgs({
  options: {
    episodes: { type: 'string', default: '200' },
    seed: { type: 'string', default: '1' },
    'per-run': { type: 'string', default: '20' },
  },
});
const wanted = whole('--episodes', values.episodes);
const firstSeed = whole('--seed', values.seed);
const perRun = whole('--per-run', values['per-run']);
const cli = fileURLToPath(new URL('../dist/harness/cli/main.js', import.meta.url));
const target = join('docs', 'evidence', 'soak');
const runsFile = join(target, 'runs.jsonl');
await mkdir(target, { recursive: true });

const runs = await readRuns();
const stop = new AbortController();
process.once('SIGINT', () => stop.abort());
let fruitless = 0;
for (let done = countedEpisodes(runs).length; done < wanted && fruitless < FRUITLESS_RUNS; ) {
  const seed = runs.length === 0 ? firstSeed : runs.at(-1)!.seed + 1;
  const run = await soak(seed, Math.min(perRun, wanted - done));
  if (run === undefined) break;
  runs.push(run);
  const before = done;
  done = countedEpisodes(runs).length;
  fruitless = done === before ? fruitless + 1 : 0;
  await appendFile(runsFile, `${JSON.stringify(run)}\n`);
  await writeFile(join(target, 'README.md'), soakTable(runs));
  const { verdict, reason, counts } = run;
  console.log(
    `${done}/${wanted} episodes; seed ${seed}: ${verdict}, lost ${counts.lost}, reordered ${counts.reordered}`,
  );
  if (verdict !== 'pass') console.log(`  ${reason}`);
}
console.log(soakTable(runs));
process.exitCode = exitCode();

/** As those of gauntlet run. */
function exitCode(): number {
  if (stop.signal.aborted) return 130;
  if (runs.some((run) => isHarmed(run) || run.verdict === 'fail')) return 1;
  return countedEpisodes(runs).length < wanted ? 4 : 0;
}

/** One run of some episodes; undefined when it was interrupted. */
async function soak(seed: number, count: number): Promise<SoakRun | undefined> {
  const { episodes, scenario } = drawEpisodes(seed, count);
  const dir = await mkdtemp(join(tmpdir(), 'gauntlet-soak-'));
  try {
    const file = join(dir, `${scenario.name}.yaml`);
    await writeFile(file, stringify(scenario));
    const exitCode = await gauntlet(['run', file, '--quiet', '--report', join(dir, 'report')]);
    if (stop.signal.aborted) return undefined;
    if (exitCode === 2 || exitCode === 3)
      throw new Error(`seed ${seed}: the run could not be made (exit code ${exitCode})`);
    const resultsFile = join(dir, 'report', scenario.name, 'results.json');
    const run = recordRun(seed, gitCommit('.'), episodes, await readResults(resultsFile));
    if (run.verdict === 'fail') {
      await copyFile(file, join(target, `${scenario.name}.yaml`));
      await copyFile(resultsFile, join(target, `${scenario.name}.json`));
    }
    return run;
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

function gauntlet(args: readonly string[]): Promise<number | null> {
  const child = spawn(process.execPath, [cli, ...args], { stdio: ['ignore', 'ignore', 'inherit'] });
  return new Promise((resolve) => child.once('close', resolve));
}

async function readRuns(): Promise<SoakRun[]> {
  const text = await readFile(runsFile, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as SoakRun);
}

function whole(flag: string, text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1) return value;
  console.error(`${flag} ${text}: a whole number of at least 1`);
  process.exit(2);
}
