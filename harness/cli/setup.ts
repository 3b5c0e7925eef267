import type { Command } from 'commander';

export function registerSetup(program: Command): void {
  program.command('setup').description('find or install what runs need; cached, safe to repeat');
}
