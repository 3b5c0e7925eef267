// Repeats a scenario and keeps the raw results with a table of the figures: npm run evidence -- <scenario.yaml> [runs]
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const [scenario, runs = '5'] = process.argv.slice(2);
if (scenario === undefined || !(Number(runs) >= 2)) {
  console.error('Usage: npm run evidence -- <scenario.yaml> [runs, at least 2]');
  process.exit(2);
}
const name = basename(scenario, '.yaml');
const target = join('docs', 'evidence', name);
const cli = fileURLToPath(new URL('../dist/harness/cli/main.js', import.meta.url));
const report = await mkdtemp(join(tmpdir(), 'gauntlet-evidence-'));

let exitCode = 0;
try {
  execFileSync('node', [cli, 'run', scenario, '--repeat', runs, '--report', report], { stdio: 'inherit' });
} catch (error) {
  exitCode = error.status ?? 1;
}

const suite = JSON.parse(await readFile(join(report, 'suite.json'), 'utf8'));
await rm(target, { recursive: true, force: true });
await mkdir(target, { recursive: true });
const rows = [];
for (const entry of suite.scenarios) {
  if (entry.folder === null) continue;
  const text = await readFile(join(report, entry.folder, 'results.json'), 'utf8');
  const file = `${entry.folder}.json`;
  await writeFile(join(target, file), text);
  rows.push({ file, ...figures(JSON.parse(text)) });
}
await writeFile(join(target, 'README.md'), table(rows));
await rm(report, { recursive: true, force: true });
console.log(table(rows));
process.exit(exitCode);

function figures(results) {
  const measured = results.phases.filter((phase) => phase.measure);
  const durationMs = measured.reduce((sum, phase) => sum + phase.endMs - phase.startMs, 0);
  const delivered = measured.reduce((sum, phase) => sum + phase.throughputPerSec * (phase.endMs - phase.startMs), 0);
  const { e2e } = results.overall;
  return {
    verdict: results.verdict,
    seed: results.run.seed,
    lost: results.ledger.counts.lost.value,
    throughput: delivered / durationMs,
    p50: e2e.summary.p50,
    p99: e2e.summary.p99,
    p999: e2e.summary.p999,
    lagP99: results.instrument.lag.summary.p99,
    stealMax: results.instrument.stealMax,
    versions: results.run.versions,
    machine: results.run.machine,
  };
}

function table(rows) {
  const [{ versions, machine }] = rows;
  const columns = [
    ['throughput', 'throughput /s', 0],
    ['p50', 'p50 ms', 2],
    ['p99', 'p99 ms', 2],
    ['p999', 'p99.9 ms', 2],
    ['lagP99', 'generator lag p99 ms', 2],
    ['stealMax', 'largest CPU steal', 2],
  ];
  const line = (cells) => `| ${cells.join(' | ')} |`;
  const figure = (value, digits) => (value === null ? '-' : value.toFixed(digits));
  return [
    `# ${name}: ${rows.length} runs`,
    '',
    `Made by \`npm run evidence -- ${scenario} ${runs}\`; the raw results lie beside this file, and \`npx gauntlet report\` renders them.`,
    '',
    `Gauntlet ${versions.gauntlet}, Redis ${versions.redis}, Toxiproxy ${versions.toxiproxy}, Node ${versions.node}; ${machine.cores} cores (${machine.cpu}), ${Math.round(machine.memoryBytes / 2 ** 30)} GiB, ${machine.os}.`,
    '',
    line(['run', 'seed', 'verdict', 'lost', ...columns.map(([, title]) => title)]),
    line(['---', '---:', '---', '---:', ...columns.map(() => '---:')]),
    ...rows.map((row) =>
      line([row.file, row.seed, row.verdict, row.lost, ...columns.map(([key, , digits]) => figure(row[key], digits))]),
    ),
    line([
      '**median**',
      '',
      '',
      '',
      ...columns.map(([key, , digits]) => figure(median(rows.map((row) => row[key])), digits)),
    ]),
    '',
  ].join('\n');
}

function median(values) {
  if (values.includes(null)) return null;
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
