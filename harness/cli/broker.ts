import type { Command } from 'commander';
import { deadLetterCommand } from './operate/dead-letters.js';
import { failuresCommand } from './operate/failures.js';
import { recoveryCommand } from './operate/recovery.js';

const EXAMPLES = `
Examples:
  $ gauntlet broker dlq causes orders billing     what the group billing has given up of the topic orders, by cause
  $ gauntlet broker failures orders billing       what its failures have in common
  $ gauntlet broker dlq --help                    what else can be done with it
  $ gauntlet broker recovery run orders billing   carry out what brings the group back by itself`;

export function registerBroker(program: Command): void {
  const broker = program
    .command('broker')
    .description('Operate the reference broker.')
    .addHelpText('after', EXAMPLES)
    .exitOverride();
  broker.addCommand(deadLetterCommand().exitOverride());
  broker.addCommand(failuresCommand().exitOverride());
  broker.addCommand(recoveryCommand().exitOverride());
}
