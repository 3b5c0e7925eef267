import { availableParallelism, cpus, freemem, release, totalmem } from 'node:os';
import type { Command } from 'commander';
import { type Binary, isRequired } from '../environment/binaries/binary.js';
import { describeMissing, findBinaries, type MissingBinary } from '../environment/binaries/ensure-binaries.js';
import { EnvironmentError } from '../environment/environment-error.js';
import { findStaleRuns, type StaleRun } from '../environment/stale-runs.js';
import { EXIT } from '../exit-codes.js';
import { abortOnSignals } from '../run/interrupt.js';
import { gauntletVersion } from '../version.js';
import { describeBinary } from './setup.js';

interface Diagnosis {
  readonly gauntlet: string;
  readonly machine: {
    readonly os: string;
    readonly cpu: string;
    readonly cores: number;
    readonly memoryBytes: number;
    readonly freeMemoryBytes: number;
    readonly node: string;
  };
  readonly cacheDir: string;
  readonly found: readonly Binary[];
  readonly missing: readonly MissingBinary[];
  readonly staleRuns: readonly StaleRun[];
  /** What will do, but not well. */
  readonly warnings: readonly string[];
}

const EXAMPLES = `
Changes nothing. Exit code 3 when a run could not start.

Examples:
  $ gauntlet doctor
  $ gauntlet doctor --json | jq '.found[] | {name, version, source}'`;

/** The orchestrator and a producer on one core each would already disturb each other and the servers. */
const CORES_WANTED = 2;
const FREE_MEMORY_WANTED_BYTES = 1024 ** 3;

export function registerDoctor(program: Command): void {
  program
    .command('doctor')
    .description('show what was found, what is missing, and the remedy')
    .option('--json', 'as one JSON document')
    .addHelpText('after', EXAMPLES)
    .action(async (flags: { json?: boolean }) => {
      const diagnosis = await diagnose();
      process.stdout.write(flags.json ? `${JSON.stringify(diagnosis, null, 2)}\n` : render(diagnosis));
      if (diagnosis.missing.some(({ name }) => isRequired(name))) process.exitCode = EXIT.environment;
    });
}

async function diagnose(): Promise<Diagnosis> {
  using interrupt = abortOnSignals(() => {});
  const { cacheDir, found, missing } = await findBinaries({ log: () => {}, signal: interrupt.signal });
  const cores = availableParallelism();
  const freeMemoryBytes = freemem();
  const warnings: string[] = [];
  if (cores < CORES_WANTED)
    warnings.push(`${cores} core: figures will say more about the machine than about the system.`);
  if (freeMemoryBytes < FREE_MEMORY_WANTED_BYTES) warnings.push('Less than 1 GiB of memory is free.');
  const staleRuns = await findStaleRuns().catch((error: unknown) => {
    if (!(error instanceof EnvironmentError)) throw error;
    warnings.push(error.message);
    return [];
  });
  return {
    gauntlet: gauntletVersion(),
    machine: {
      os: `${process.platform} ${release()} ${process.arch}`,
      cpu: cpus()[0]?.model ?? 'unknown',
      cores,
      memoryBytes: totalmem(),
      freeMemoryBytes,
      node: process.versions.node,
    },
    cacheDir,
    found,
    missing,
    staleRuns,
    warnings,
  };
}

function render(diagnosis: Diagnosis): string {
  const { machine, found, missing, staleRuns, warnings } = diagnosis;
  const gib = (bytes: number) => `${(bytes / 1024 ** 3).toFixed(1)} GiB`;
  const lines = [
    `gauntlet ${diagnosis.gauntlet}, Node ${machine.node}, ${machine.os}`,
    `${machine.cores} x ${machine.cpu}, ${gib(machine.memoryBytes)} of memory, ${gib(machine.freeMemoryBytes)} free`,
    `cache: ${diagnosis.cacheDir}`,
    '',
    ...found.map(describeBinary),
  ];
  const optional = missing.filter(({ name }) => !isRequired(name)).map(({ name }) => name);
  if (optional.length > 0) lines.push(`not found, and not needed by any run: ${optional.join(', ')}`);
  const needed = missing.filter(({ name }) => isRequired(name));
  if (needed.length > 0) lines.push('', describeMissing(needed), 'Or let `gauntlet setup` try to install it.');
  for (const run of staleRuns) {
    const processes = run.children.map((child) => `${child.name} (pid ${child.pid})`).join(', ') || 'none';
    lines.push(
      '',
      `Run ${run.id} was killed. Its processes: ${processes}; its folder: ${run.dir}. The next run removes them.`,
    );
  }
  for (const warning of warnings) lines.push('', `warning: ${warning}`);
  if (needed.length === 0) lines.push('', 'Ready to run.');
  return `${lines.join('\n')}\n`;
}
