// Failover after failover, until a number of episodes is reached: npm run soak -- [--episodes 200] [--seed 1] [--per-run 6]
// Every run is one line in docs/evidence/soak/runs.jsonl; called again, it goes on behind the last one.
import { spawn } from 'node:child_process';
import { appendFile, copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { stringify } from 'yaml';
import { drawEpisodes } from './soak/episodes.mjs';
import { soakTable } from './soak/table.mjs';

const { values } = parseArgs({
  options: {
    episodes: { type: 'string', default: '200' },
    seed: { type: 'string', default: '1' },
    'per-run': { type: 'string', default: '6' },
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
let done = runs.reduce((sum, run) => sum + run.episodes.length, 0);
while (done < wanted && !stop.signal.aborted) {
  const seed = runs.length === 0 ? firstSeed : runs.at(-1).seed + 1;
  const run = await soak(seed, Math.min(perRun, wanted - done));
  if (run === undefined) break;
  runs.push(run);
  done += run.episodes.length;
  await appendFile(runsFile, `${JSON.stringify(run)}\n`);
  await writeFile(join(target, 'README.md'), soakTable(runs));
  console.log(`${done}/${wanted} episodes; seed ${seed}: ${run.verdict}, lost ${run.lost}, reordered ${run.reordered}`);
}
console.log(soakTable(runs));
process.exitCode = stop.signal.aborted ? 130 : runs.some((run) => run.lost > 0 || run.reordered > 0) ? 1 : 0;

/** One run of some episodes; undefined when it was interrupted. What fails is kept whole. */
async function soak(seed, count) {
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
    const results = JSON.parse(await readFile(resultsFile, 'utf8'));
    const run = summary(seed, episodes, results);
    if (run.verdict === 'fail') {
      await copyFile(file, join(target, `${scenario.name}.yaml`));
      await copyFile(resultsFile, join(target, `${scenario.name}.json`));
    }
    return run;
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

function summary(seed, episodes, results) {
  const count = (name) => results.ledger.counts[name]?.value ?? 0;
  return {
    seed,
    episodes,
    verdict: results.verdict,
    reason: results.reason,
    accepted: count('accepted'),
    lost: count('lost'),
    reordered: count('reordered'),
    overlapped: count('overlapped'),
    duplicated: count('duplicated'),
    unexcused: count('duplicated.unexcused'),
    indeterminate: count('indeterminate'),
    rejected: count('rejected'),
    tookHold: results.faults.filter((fault) => fault.tookHold).length,
    faults: results.faults.length,
  };
}

function gauntlet(args) {
  const child = spawn(process.execPath, [cli, ...args], { stdio: ['ignore', 'ignore', 'inherit'] });
  return new Promise((resolve) => child.once('close', resolve));
}

async function readRuns() {
  const text = await readFile(runsFile, 'utf8').catch((error) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

function whole(flag, text) {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1) return value;
  console.error(`${flag} ${text}: a whole number of at least 1`);
  process.exit(2);
}
