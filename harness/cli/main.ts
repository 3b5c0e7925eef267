#!/usr/bin/env node
import { Command, CommanderError } from 'commander';
import { ReportError } from '../../reports/report-error.js';
import { coloursOf } from '../colours.js';
import { HarnessError } from '../errors.js';
import { EXIT } from '../exit-codes.js';
import { gauntletVersion } from '../version.js';
import { registerBroker } from './broker.js';
import { registerDoctor } from './doctor.js';
import { registerList } from './list.js';
import { registerReport } from './report.js';
import { registerRun } from './run.js';
import { registerSchema } from './schema.js';
import { registerSetup } from './setup.js';
import { registerValidate } from './validate.js';

const EXAMPLES = `
Examples:
  $ gauntlet setup                          find or install Redis and Toxiproxy
  $ gauntlet run                            run scenarios/smoke and write gauntlet-report/
  $ gauntlet run my.yaml --seed 7 --repeat 3
  $ gauntlet validate scenarios             check files without running them
  $ gauntlet list faults                    what a scenario can break
  $ gauntlet broker dlq causes orders billing   what a consumer group of the broker has given up

Exit codes: 0 pass, 1 a gate failed, 2 scenario or usage error, 3 environment could not be provided,
4 inconclusive, 130 interrupted.`;

async function main(argv: readonly string[]): Promise<void> {
  const program = new Command('gauntlet')
    .description('Chaos and load testing for message brokers: every message accounted for, with a verdict.')
    .version(gauntletVersion())
    .showSuggestionAfterError()
    .showHelpAfterError('(gauntlet --help shows the commands)')
    .exitOverride()
    .addHelpText('after', EXAMPLES);
  for (const register of [
    registerSetup,
    registerDoctor,
    registerRun,
    registerValidate,
    registerList,
    registerSchema,
    registerReport,
    registerBroker,
  ]) {
    register(program);
  }
  for (const command of program.commands) command.exitOverride();
  try {
    await program.parseAsync(argv, { from: 'user' });
  } catch (error) {
    process.exitCode = report(error);
  }
}

/** Prints what went wrong, once, and says what to exit with. */
function report(error: unknown): number {
  const pc = coloursOf(process.stderr);
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.pass : EXIT.usage;
  if (error instanceof HarnessError) {
    process.stderr.write(`${pc.red('error:')} ${error.message}\n`);
    return error.exitCode;
  }
  if (error instanceof ReportError) {
    process.stderr.write(`${pc.red('error:')} ${error.message}\n`);
    return error.code === 'disk-full' ? EXIT.environment : EXIT.usage;
  }
  const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`${pc.red('internal error:')} ${detail}\n`);
  return EXIT.environment;
}

await main(process.argv.slice(2));
