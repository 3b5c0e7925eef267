import { Command } from 'commander';
import type { RedriveSummary } from '../../../broker/index.js';
import { coloursOf } from '../../colours.js';
import { UsageError } from '../../errors.js';
import { EXIT } from '../../exit-codes.js';
import {
  chosen,
  type Flags,
  filterOf,
  onLetters,
  print,
  sub,
  type WarrantFlags,
  warrantOf,
  whole,
  withWarrantFlags,
} from './letters.js';
import { letterAsJson, renderDetails, renderKind, renderLetter } from './show-dead-letter.js';
import { renderRecord } from './show-record.js';

const EXAMPLES = `
Examples:
  $ gauntlet broker dlq causes orders billing                      how many, by cause
  $ gauntlet broker dlq list orders billing --fingerprint 9f2c4e81aa07
  $ gauntlet broker dlq inspect orders billing 3/1700000000000-0
  $ gauntlet broker dlq redrive orders billing --fingerprint 9f2c4e81aa07 --dry-run
  $ gauntlet broker dlq redrive orders billing --all --rate 50 --canaries 5
  $ gauntlet broker dlq purge orders billing --older-than 30d --yes
  $ gauntlet broker dlq causes orders billing --quarantine         what was set aside, and why
  $ gauntlet broker dlq release orders billing 3/1700000000000-0 --reason 'parser fixed in 2.4.1'
  $ gauntlet broker dlq discard orders billing --fingerprint 9f2c4e81aa07 --reason 'test data' --yes
  $ gauntlet broker dlq audit orders billing                       who did what, when and why

Exits with 1 where a redrive or release was stopped by its canaries or for want of room, 2 where the call is wrong, 3 where Redis cannot be reached.`;

interface ListFlags extends Flags {
  readonly limit: number;
}

interface RedriveFlags extends Flags, WarrantFlags {
  readonly dryRun?: boolean;
  readonly rate: number;
  readonly canaries: number;
}

interface PurgeFlags extends Flags, WarrantFlags {
  readonly yes?: boolean;
}

/** `gauntlet broker dlq`. */
export function deadLetterCommand(): Command {
  const dlq = new Command('dlq').description('What a consumer group has given up.').addHelpText('after', EXAMPLES);
  sub(dlq, 'causes', 'Count them by cause, the most frequent first.').action(causes);
  sub(dlq, 'list', 'Show them, a line each.').option('--limit <n>', 'at most so many', whole, 50).action(list);
  sub(dlq, 'inspect', 'Show everything that is known of one.', '<ref>').action(inspect);
  paced(sub(dlq, 'redrive', 'Put them back, with a fresh budget of attempts.', '[refs...]')).action(
    (topic: string, group: string, refs: string[], flags: RedriveFlags) =>
      redrive('redrive', topic, group, refs, flags),
  );
  paced(sub(dlq, 'release', 'The same of what lies in quarantine.', '[refs...]')).action(
    (topic: string, group: string, refs: string[], flags: RedriveFlags) =>
      redrive('release', topic, group, refs, { ...flags, quarantine: true }),
  );
  confirmed(sub(dlq, 'purge', 'Throw them away for good.', '[refs...]')).action(
    (topic: string, group: string, refs: string[], flags: PurgeFlags) => purge('purge', topic, group, refs, flags),
  );
  confirmed(sub(dlq, 'discard', 'The same of what lies in quarantine: with a --reason.', '[refs...]')).action(
    (topic: string, group: string, refs: string[], flags: PurgeFlags) =>
      purge('discard', topic, group, refs, { ...flags, quarantine: true }),
  );
  sub(dlq, 'audit', 'Show what was done with them, by whom and why.').action(audit);
  return dlq;
}

function paced(command: Command): Command {
  return withWarrantFlags(command)
    .option('--all', 'all of them')
    .option('--dry-run', 'say only how many it would be')
    .option('--rate <n>', 'at most so many each second', whole, 100)
    .option('--canaries <n>', 'so many go first; the others stay unless all of these are handled', whole, 1);
}

function confirmed(command: Command): Command {
  return withWarrantFlags(command).option('--all', 'all of them').option('--yes', 'do it: nothing brings them back');
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

async function redrive(
  action: 'redrive' | 'release',
  topic: string,
  group: string,
  refs: string[],
  flags: RedriveFlags,
): Promise<void> {
  const filter = chosen(action, refs, flags);
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
      const pace = { dryRun, perSecond: rate, canaries, signal: stop.signal, onProgress };
      const summary = await letters[action](filter, { ...pace, ...warrantOf(flags) });
      if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
      print(flags.json ? JSON.stringify(summary) : told(summary, dryRun));
      if (summary.stoppedBy === 'aborted') process.exitCode = EXIT.interrupted;
      else if (summary.stoppedBy !== undefined) process.exitCode = EXIT.gateFailed;
    });
  } finally {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  }
}

async function purge(
  action: 'purge' | 'discard',
  topic: string,
  group: string,
  refs: string[],
  flags: PurgeFlags,
): Promise<void> {
  const filter = chosen(action, refs, flags);
  if (!flags.yes) throw new UsageError('bad-flag', `${action}: nothing brings them back; give --yes to go on.`);
  const { reason = '', ...warrant } = warrantOf(flags);
  await onLetters(topic, group, flags, async (letters) => {
    const gone =
      action === 'discard'
        ? await letters.discard(filter, { ...warrant, reason })
        : await letters.purge(filter, { ...warrantOf(flags), confirm: true });
    print(
      flags.json ? JSON.stringify({ [action === 'discard' ? 'discarded' : 'purged']: gone }) : `${gone} thrown away`,
    );
  });
}

function audit(topic: string, group: string, flags: Flags): Promise<void> {
  return onLetters(topic, group, flags, async (letters) => {
    const records = await letters.audit();
    if (flags.json) print(JSON.stringify(records, null, 2));
    else if (records.length === 0) process.stderr.write('none\n');
    else for (const record of records) print(renderRecord(record, coloursOf(process.stdout)));
  });
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
