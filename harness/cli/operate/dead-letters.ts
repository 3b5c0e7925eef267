import { Command, InvalidArgumentError } from 'commander';
import type { DeadLetterFilter, DeadLetters, RedriveSummary } from '../../../broker/index.js';
import { systemClock } from '../../clock.js';
import { coloursOf } from '../../colours.js';
import { UsageError } from '../../errors.js';
import { EXIT } from '../../exit-codes.js';
import { parseDuration } from '../../scenario/units.js';
import { type ServerFlags, withBroker, withServerFlags } from './connect.js';
import { letterAsJson, renderDetails, renderKind, renderLetter } from './show-dead-letter.js';

const EXAMPLES = `
Examples:
  $ gauntlet broker dlq causes orders billing                      how many, by cause
  $ gauntlet broker dlq list orders billing --fingerprint 9f2c4e81aa07
  $ gauntlet broker dlq inspect orders billing 3/1700000000000-0
  $ gauntlet broker dlq redrive orders billing --fingerprint 9f2c4e81aa07 --dry-run
  $ gauntlet broker dlq redrive orders billing --all --rate 50 --canaries 5
  $ gauntlet broker dlq purge orders billing --older-than 30d --yes

Exits with 1 where a redrive was stopped by its canaries or for want of room, 2 where the call is wrong, 3 where Redis cannot be reached.`;

interface Flags extends ServerFlags {
  readonly quarantine?: boolean;
  readonly fingerprint?: string;
  readonly olderThan?: number;
  readonly all?: boolean;
  readonly json?: boolean;
}

interface ListFlags extends Flags {
  readonly limit: number;
}

interface RedriveFlags extends Flags {
  readonly dryRun?: boolean;
  readonly rate: number;
  readonly canaries: number;
}

/** `gauntlet broker dlq`. */
export function deadLetterCommand(): Command {
  const dlq = new Command('dlq').description('What a consumer group has given up.').addHelpText('after', EXAMPLES);
  sub(dlq, 'causes', 'Count them by cause, the most frequent first.').action(causes);
  sub(dlq, 'list', 'Show them, a line each.').option('--limit <n>', 'at most so many', whole, 50).action(list);
  sub(dlq, 'inspect', 'Show everything that is known of one.', '<ref>').action(inspect);
  sub(dlq, 'redrive', 'Put them back, with a fresh budget of attempts.', '[refs...]')
    .option('--all', 'all of them')
    .option('--dry-run', 'say only how many it would be')
    .option('--rate <n>', 'at most so many each second', whole, 100)
    .option('--canaries <n>', 'so many go first; the others stay unless all of these are handled', whole, 1)
    .action(redrive);
  sub(dlq, 'purge', 'Throw them away for good.', '[refs...]')
    .option('--all', 'all of them')
    .option('--yes', 'do it: nothing brings them back')
    .action(purge);
  return dlq;
}

function sub(dlq: Command, name: string, description: string, ...more: string[]): Command {
  const command = dlq.command(name).description(description).argument('<topic>').argument('<group>');
  for (const argument of more) command.argument(argument, 'as list shows them');
  return withServerFlags(command)
    .option('--quarantine', 'what lies in quarantine, instead of the dead letters')
    .option('--fingerprint <f>', 'only those that share this cause')
    .option('--older-than <duration>', 'only those that were given up before, such as 12h or 30d', duration)
    .option('--json', 'print JSON')
    .exitOverride();
}

function causes(topic: string, group: string, flags: Flags): Promise<void> {
  return onLetters(topic, group, flags, async (letters) => {
    const kinds = await letters.kinds(filterOf(flags));
    if (flags.json) print(JSON.stringify(kinds, null, 2));
    else if (kinds.length === 0) print('none');
    else for (const kind of kinds) print(renderKind(kind, coloursOf(process.stdout)));
  });
}

function list(topic: string, group: string, flags: ListFlags): Promise<void> {
  return onLetters(topic, group, flags, async (letters) => {
    let shown = 0;
    for await (const letter of letters.list(filterOf(flags))) {
      if (shown++ === flags.limit) {
        process.stderr.write(`... and more; --limit ${flags.limit * 10} shows them.\n`);
        return;
      }
      print(flags.json ? JSON.stringify(letterAsJson(letter)) : renderLetter(letter, coloursOf(process.stdout)));
    }
    if (shown === 0) process.stderr.write('none\n');
  });
}

function inspect(topic: string, group: string, ref: string, flags: Flags): Promise<void> {
  return onLetters(topic, group, flags, async (letters) => {
    const letter = await letters.get(ref, filterOf(flags).shelf);
    if (letter === undefined) {
      const message = `${topic}/${group}: there is no ${ref}; 'gauntlet broker dlq list' shows what there is.`;
      throw new UsageError('not-found', message);
    }
    print(
      flags.json ? JSON.stringify(letterAsJson(letter), null, 2) : renderDetails(letter, coloursOf(process.stdout)),
    );
  });
}

async function redrive(topic: string, group: string, refs: string[], flags: RedriveFlags): Promise<void> {
  const filter = chosen('redrive', refs, flags);
  const stop = new AbortController();
  const onSignal = () => stop.abort();
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal);
  try {
    await onLetters(topic, group, flags, async (letters) => {
      const { dryRun = false, rate, canaries } = flags;
      const onProgress = ({ found, redriven, waiting }: RedriveSummary) => {
        const room = waiting > 0 ? `; ${waiting} wait for room` : '';
        if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${redriven} of ${found} put back${room}`);
      };
      const options = { dryRun, perSecond: rate, canaries, signal: stop.signal, onProgress };
      const summary = await letters.redrive(filter, options);
      if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
      print(flags.json ? JSON.stringify(summary) : told(summary, dryRun));
      if (summary.stoppedBy === 'aborted') process.exitCode = EXIT.interrupted;
      else if (summary.stoppedBy !== undefined) process.exitCode = EXIT.gateFailed;
    });
  } finally {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  }
}

async function purge(topic: string, group: string, refs: string[], flags: Flags & { yes?: boolean }): Promise<void> {
  const filter = chosen('purge', refs, flags);
  if (!flags.yes) throw new UsageError('bad-flag', 'purge: nothing brings dead letters back; give --yes to go on.');
  await onLetters(topic, group, flags, async (letters) => {
    const purged = await letters.purge(filter, { confirm: true });
    print(flags.json ? JSON.stringify({ purged }) : `${purged} thrown away`);
  });
}

function onLetters(
  topic: string,
  group: string,
  flags: Flags,
  action: (letters: DeadLetters) => Promise<void>,
): Promise<void> {
  return withBroker(flags, async (broker) => action(await broker.deadLetters(topic, group)));
}

function filterOf({ quarantine, fingerprint, olderThan }: Flags): DeadLetterFilter {
  return {
    ...(quarantine && { shelf: 'quarantine' as const }),
    ...(fingerprint !== undefined && { fingerprint }),
    ...(olderThan !== undefined && { beforeMs: systemClock.wallMs() - olderThan }),
  };
}

/** All of them only where that was said. */
function chosen(what: string, refs: readonly string[], flags: Flags): DeadLetterFilter {
  const filter = filterOf(flags);
  const isNarrow = refs.length > 0 || filter.fingerprint !== undefined || filter.beforeMs !== undefined;
  if (isNarrow === (flags.all === true)) {
    const choices = 'refs, --fingerprint or --older-than, or --all for all of them';
    throw new UsageError(
      'bad-argument',
      `${what}: which dead letters? Give ${choices}${isNarrow ? ', not both' : ''}.`,
    );
  }
  return refs.length > 0 ? { ...filter, refs } : filter;
}

function told({ found, redriven, gone, busy, stoppedBy }: RedriveSummary, dryRun: boolean): string {
  if (dryRun) return `${found} would be put back`;
  const others = [
    ...(gone > 0 ? [`${gone} were gone`] : []),
    ...(busy > 0 ? [`${busy} are among the retries already`] : []),
    ...(stoppedBy === undefined ? [] : [STOPPED[stoppedBy]]),
  ];
  return [`${redriven} put back`, ...others].join('; ');
}

const STOPPED = {
  'canary-failed': 'stopped: a canary failed again. The cause is still there; the others stay where they are',
  'canary-timeout': 'stopped: the canaries were not handled in time. Is a consumer running?',
  full: 'stopped: the group has as many retries as it takes, and no room came. Is a consumer running?',
  aborted: 'interrupted: the others stay where they are',
} as const;

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function whole(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 0) return value;
  throw new InvalidArgumentError('Expected a whole number.');
}

function duration(text: string): number {
  const ms = DAYS.test(text) ? Number.parseInt(text, 10) * 86_400_000 : parseDuration(text);
  if (typeof ms === 'number') return ms;
  throw new InvalidArgumentError('Expected a duration, such as 90m, 12h or 30d.');
}

const DAYS = /^\d+d$/;
