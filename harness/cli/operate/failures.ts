import { Command } from 'commander';
import { coloursOf } from '../../colours.js';
import { type ServerFlags, withBroker, withServerFlags } from './connect.js';
import { renderPattern } from './show-failures.js';

const EXAMPLES = `
Examples:
  $ gauntlet broker failures orders billing           what the failures of the group billing have in common
  $ gauntlet broker failures orders billing --json

It looks at dead letters, and at messages that wait for another attempt. Exits with 2 where the call is wrong, 3 where Redis
cannot be reached.`;

interface Flags extends ServerFlags {
  readonly json?: boolean;
}

/** `gauntlet broker failures`. */
export function failuresCommand(): Command {
  const command = new Command('failures')
    .description('What the failures of a consumer group have in common, and what to do about it.')
    .argument('<topic>')
    .argument('<group>')
    .addHelpText('after', EXAMPLES);
  return withServerFlags(command).option('--json', 'print JSON').action(failures);
}

async function failures(topic: string, group: string, flags: Flags): Promise<void> {
  const found = await withBroker(flags, async (broker) => (await broker.deadLetters(topic, group)).failurePatterns());
  const { patterns, messages, assumed } = found;
  if (flags.json) {
    process.stdout.write(`${JSON.stringify(found, null, 2)}\n`);
    return;
  }
  const pc = coloursOf(process.stdout);
  for (const pattern of patterns) process.stdout.write(`${renderPattern(pattern, pc)}\n\n`);
  if (patterns.length === 0) process.stderr.write(`no pattern in ${messages} messages that failed\n`);
  for (const what of patterns.length === 0 ? [] : assumed) process.stderr.write(`note: ${what}\n`);
}
