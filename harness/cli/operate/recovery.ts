import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { parse, YAMLParseError } from 'yaml';
import type { BrokerEvent, PlaybookOptions, RecoveryAudit, WorkflowRun } from '../../../broker/index.js';
import { systemClock } from '../../clock.js';
import { type Colours, coloursOf } from '../../colours.js';
import { UsageError } from '../../errors.js';
import { type ServerFlags, withBroker, withServerFlags } from './connect.js';
import { currentUser } from './letters.js';
import { plain, timeOf } from './terminal-text.js';

const EXAMPLES = `
Examples:
  $ gauntlet broker recovery run orders billing                     carry out the ready playbooks until Ctrl-C
  $ gauntlet broker recovery run orders billing --dry-run           only say what would be done
  $ gauntlet broker recovery run orders billing --playbooks ours.yaml
  $ gauntlet broker recovery status orders billing                  who leads, and what is under way
  $ gauntlet broker recovery audit orders billing                   what was done, by whom
  $ gauntlet broker recovery off orders billing --why 'migration'   the kill switch; on: go on

Exits with 2 where the call or a playbook is wrong, 3 where Redis cannot be reached.`;

interface Flags extends ServerFlags {
  readonly json?: boolean;
}

interface RunFlags extends ServerFlags {
  readonly playbooks?: string;
  readonly dryRun?: boolean;
}

interface SwitchFlags extends ServerFlags {
  readonly by: string;
  readonly why: string;
}

/** `gauntlet broker recovery`. */
export function recoveryCommand(): Command {
  const recovery = new Command('recovery')
    .description('Playbooks that bring a consumer group back by themselves.')
    .addHelpText('after', EXAMPLES);
  sub(recovery, 'run', 'Carry playbooks out until Ctrl-C, unless another process leads.')
    .option('--playbooks <file>', 'YAML: a list of playbooks; default: the ready ones')
    .option('--dry-run', 'say what would be done, and do nothing')
    .action(run);
  sub(recovery, 'status', 'Show who leads, and what is under way.').option('--json', 'print JSON').action(status);
  sub(recovery, 'audit', 'Show what was done, oldest first.').option('--json', 'print JSON').action(audit);
  sub(recovery, 'off', 'Stop what is under way, and begin nothing.')
    .option('--by <name>', 'who does it', currentUser())
    .requiredOption('--why <text>', 'told in status and audit')
    .action(off);
  sub(recovery, 'on', 'Go on.').option('--by <name>', 'who does it', currentUser()).action(on);
  return recovery;
}

function sub(recovery: Command, name: string, description: string): Command {
  const command = recovery.command(name).description(description).argument('<topic>').argument('<group>');
  return withServerFlags(command).exitOverride();
}

async function run(topic: string, group: string, flags: RunFlags): Promise<void> {
  const playbooks = flags.playbooks === undefined ? {} : { playbooks: playbooksOf(flags.playbooks) };
  const stop = new AbortController();
  const onSignal = () => stop.abort();
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal);
  const pc = coloursOf(process.stdout);
  try {
    await withBroker(
      flags,
      async (broker) => {
        const { dryRun = false } = flags;
        await using _ = await broker.autoRecover(topic, group, { ...playbooks, dryRun });
        process.stderr.write(`Looking after ${topic}/${group}; Ctrl-C ends it.\n`);
        if (!stop.signal.aborted) await once(stop.signal, 'abort');
      },
      (event) => {
        const line = toldOf(event, pc);
        if (line !== undefined) process.stdout.write(`${line}\n`);
      },
    );
  } finally {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  }
}

function status(topic: string, group: string, flags: Flags): Promise<void> {
  return withBroker(flags, async (broker) => {
    const { leader, off: switched, runs } = await (await broker.recovery(topic, group)).status();
    if (flags.json) return print(JSON.stringify({ leader: leader ?? null, off: switched ?? null, runs }, null, 2));
    print(`leader: ${leader ?? 'nobody: no process looks after it'}`);
    if (switched !== undefined) {
      print(`switched off by ${plain(switched.by)} at ${timeOf(switched.atMs)}: ${plain(switched.why)}`);
    }
    for (const one of runs) print(renderRun(one, coloursOf(process.stdout)));
  });
}

function audit(topic: string, group: string, flags: Flags): Promise<void> {
  return withBroker(flags, async (broker) => {
    for await (const entry of (await broker.recovery(topic, group)).audit()) {
      print(flags.json ? JSON.stringify(entry) : renderAudit(entry));
    }
  });
}

function off(topic: string, group: string, { by, why, ...flags }: SwitchFlags): Promise<void> {
  return withBroker(flags, async (broker) => {
    await (await broker.recovery(topic, group)).switchOff({ by, why });
    print('switched off');
  });
}

function on(topic: string, group: string, { by, ...flags }: SwitchFlags): Promise<void> {
  return withBroker(flags, async (broker) => {
    await (await broker.recovery(topic, group)).switchOn({ by });
    print('switched on');
  });
}

/** What the file says; whether that are playbooks is the broker's to check. Throws UsageError. */
function playbooksOf(file: string): readonly PlaybookOptions[] {
  try {
    return parse(readFileSync(file, 'utf8')) as readonly PlaybookOptions[];
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const reason = error instanceof YAMLParseError ? error.message : (code ?? String(error));
    throw new UsageError('bad-argument', `--playbooks ${file}: ${reason}; a YAML list of playbooks is expected.`);
  }
}

function toldOf(event: BrokerEvent, pc: Colours): string | undefined {
  if (event.kind === 'recovery-trouble')
    return `${timeOf(systemClock.wallMs())}  ${pc.red('trouble')}  ${plain(event.reason)}`;
  if (event.kind !== 'recovery') return undefined;
  const { playbook, subject, state, evidence, note } = event;
  return [timeOf(systemClock.wallMs()), pc.bold(playbook), plain(subject), state, plain(note || evidence)].join('  ');
}

function renderRun({ playbook, subject, state, startedMs, evidence, note }: WorkflowRun, pc: Colours): string {
  return [timeOf(startedMs), pc.bold(playbook), plain(subject), state, plain(note || evidence)].join('  ');
}

function renderAudit({ atMs, by, what, playbook, subject, note }: RecoveryAudit): string {
  const about = [playbook, subject, note].filter((text): text is string => text !== undefined && text !== '');
  return [timeOf(atMs), by, what, ...about].map(plain).join('  ');
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
