import type { Command } from 'commander';
import { deadLetterCommand } from './operate/dead-letters.js';

export function registerBroker(program: Command): void {
  const broker = program.command('broker').description('Operate the reference broker.').exitOverride();
  broker.addCommand(deadLetterCommand().exitOverride());
}
