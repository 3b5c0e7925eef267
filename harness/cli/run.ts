import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { systemClock } from '../clock.js';
import { coloursOf } from '../colours.js';
import { ensureBinaries } from '../environment/binaries/ensure-binaries.js';
import { DEFAULT_REDIS_URL, DEFAULT_TOXIPROXY_URL } from '../environment/external-servers.js';
import { sweepStaleRuns } from '../environment/stale-runs.js';
import { UsageError } from '../errors.js';
import { checkTarget } from '../run/check-target.js';
import { abortOnSignals } from '../run/interrupt.js';
import { createProgress } from '../run/progress.js';
import { reproducibleCommand } from '../run/reproducible-command.js';
import { runScenario } from '../run/run-scenario.js';
import { runSuite } from '../run/run-suite.js';
import type { RunTarget } from '../run/start-environment.js';
import { renderVerdictTable } from '../run/verdict-table.js';
import { findScenarios } from '../scenario/find-scenarios.js';
import { loadScenario } from '../scenario/load-scenario.js';
import type { Scenario } from '../scenario/scenario.js';
import { packageRoot } from '../version.js';

const EXAMPLES = `
Examples:
  $ gauntlet run                                        scenarios/smoke, report in gauntlet-report/
  $ gauntlet run my.yaml --set load.message.size=4KiB --seed 7
  $ gauntlet run scenarios --tags ci --fail-fast
  $ gauntlet run my.yaml --repeat 5 --report /tmp/five
  $ gauntlet run --rerun-inconclusive 2                 on a shared machine: measure again what it disturbed
  $ gauntlet run my.yaml --env external --redis redis://127.0.0.1:6379 --toxiproxy http://127.0.0.1:8474

Exit codes: 0 pass, 1 a gate failed, 2 scenario or usage error, 3 environment could not be provided,
4 inconclusive (see --rerun-inconclusive), 130 interrupted.`;

interface RunFlags {
  readonly report: string;
  readonly env: string;
  readonly redis?: string;
  readonly redisUpstream?: string;
  readonly toxiproxy?: string;
  readonly seed?: number;
  readonly repeat: number;
  readonly rerunInconclusive: number;
  readonly tags?: readonly string[];
  readonly set: readonly string[];
  readonly failFast?: boolean;
  readonly quiet?: boolean;
  readonly json?: boolean;
}

export function registerRun(program: Command): void {
  program
    .command('run')
    .description('Run scenarios and judge them.')
    .argument('[paths...]', 'scenario files, folders or globs (default: scenarios/smoke)')
    .option('--report <dir>', 'folder of the report', 'gauntlet-report')
    .option('--env <kind>', 'native: own Redis and Toxiproxy; external: servers that already run', 'native')
    .option('--redis <url>', 'Redis of an external environment')
    .option('--redis-upstream <host:port>', 'that Redis as Toxiproxy reaches it, where that differs')
    .option('--toxiproxy <url>', 'control API of Toxiproxy of an external environment')
    .option('--seed <n>', 'seed instead of the scenario’s', wholeNumber('--seed', 0))
    .option('--repeat <n>', 'run each scenario n times; all must pass', wholeNumber('--repeat', 1), 1)
    .option(
      '--rerun-inconclusive <n>',
      'run again what only the machine or the instrument kept from a verdict, n times at most',
      wholeNumber('--rerun-inconclusive', 0),
      0,
    )
    .option('--tags <a,b>', 'only scenarios with one of these tags', (text: string) => text.split(','))
    .option('--set <path=value>', 'change a value of the scenario; may be repeated', collect, [])
    .option('--fail-fast', 'stop after the first scenario that does not pass')
    .option('--quiet', 'no progress')
    .option('--json', 'print suite.json on stdout instead of the table')
    .addHelpText('after', EXAMPLES)
    .action(run);
}

async function run(paths: string[], flags: RunFlags): Promise<void> {
  const place = parsePlace(flags);
  const scenarios = await loadScenarios(paths, flags);
  checkTarget(scenarios, place);
  const progress = createProgress(process.stderr, { quiet: flags.quiet === true, nowNs: systemClock.nowNs });
  using interrupt = abortOnSignals(progress.event);
  const log = (message: string) => progress.event(message);
  await sweepStaleRuns(log);
  const target: RunTarget =
    place.kind === 'native'
      ? { kind: 'native', binaries: await ensureBinaries({ log, signal: interrupt.signal }) }
      : place;
  const { suite, results, exitCode } = await runSuite(
    {
      scenarios,
      repeat: flags.repeat,
      rerunInconclusive: flags.rerunInconclusive,
      failFast: flags.failFast === true,
      reportDir: resolve(flags.report),
      target,
      command: reproducibleCommand(process.argv.slice(2)),
      progress,
      clock: systemClock,
      stepSummary: process.env.GITHUB_STEP_SUMMARY,
      warn: (message) => process.stderr.write(`warning: ${message}\n`),
      run: runScenario,
    },
    interrupt.signal,
  );
  if (flags.json) process.stdout.write(`${JSON.stringify(suite, null, 2)}\n`);
  else
    process.stdout.write(
      `${renderVerdictTable(suite, results, coloursOf(process.stdout))}\nReport: ${resolve(flags.report, 'index.html')}\n`,
    );
  process.exitCode = exitCode;
}

/** All files are read before anything starts: a mistake in the last one does not cost the run of the others. */
async function loadScenarios(paths: string[], flags: RunFlags): Promise<Scenario[]> {
  const files = await findScenarios(paths.length > 0 ? paths : [await defaultScenarios()], flags.tags);
  const scenarios: Scenario[] = [];
  for (const file of files) {
    const { seed } = flags;
    scenarios.push(await loadScenario(file, { set: flags.set, ...(seed === undefined ? {} : { seed }) }));
  }
  const seen = new Map<string, string>();
  for (const { name, source } of scenarios) {
    const other = seen.get(name);
    if (other !== undefined)
      throw new UsageError(
        'bad-argument',
        `${other} and ${source.path} are both named "${name}": their reports would share a folder. Rename one of them.`,
      );
    seen.set(name, source.path);
  }
  return scenarios;
}

/** The smoke suite of the folder that one is in. */
async function defaultScenarios(): Promise<string> {
  const folder = 'scenarios/smoke';
  if ((await stat(folder).catch(() => undefined))?.isDirectory()) return folder;
  throw new UsageError(
    'not-found',
    `without a path, gauntlet run takes ${folder}, and ${process.cwd()} has no such folder: name a scenario (gauntlet run my.yaml), or Gauntlet's own: gauntlet run ${join(packageRoot(), folder)}`,
  );
}

function parsePlace(flags: RunFlags): Exclude<RunTarget, { kind: 'native' }> | { readonly kind: 'native' } {
  switch (flags.env) {
    case 'native':
      for (const flag of ['redis', 'redisUpstream', 'toxiproxy'] as const) {
        if (flags[flag] !== undefined)
          throw new UsageError('bad-flag', `--${flag.replace('U', '-u')} needs --env external.`);
      }
      return { kind: 'native' };
    case 'external':
      return {
        kind: 'external',
        redisUrl: flags.redis ?? DEFAULT_REDIS_URL,
        toxiproxyUrl: flags.toxiproxy ?? DEFAULT_TOXIPROXY_URL,
        redisUpstream: flags.redisUpstream,
      };
    default:
      throw new UsageError('bad-flag', `--env ${flags.env}: there is no such environment; use native or external.`);
  }
}

function wholeNumber(flag: string, least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!Number.isSafeInteger(value) || value < least)
      throw new UsageError('bad-flag', `${flag} ${text}: expected a whole number, ${least} or more.`);
    return value;
  };
}

function collect(value: string, previous: readonly string[]): readonly string[] {
  return [...previous, value];
}
