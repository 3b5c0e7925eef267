import type { Command } from 'commander';

export function registerDoctor(program: Command): void {
  program.command('doctor').description('show what was found, what is missing, and the remedy');
}
