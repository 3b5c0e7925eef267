import type { Command } from 'commander';
import { builtInRegistries } from '../scenario/built-in-registries.js';
import { scenarioJsonSchema } from '../scenario/scenario-json-schema.js';

const EXAMPLES = `
Examples:
  $ gauntlet schema > scenario.schema.json
  and as the first line of a scenario, for editors:
  # yaml-language-server: $schema=./scenario.schema.json`;

export function registerSchema(program: Command): void {
  program
    .command('schema')
    .description('Print the JSON Schema of scenario files, for editors. It ships as scenarios/scenario.schema.json.')
    .addHelpText('after', EXAMPLES)
    .action(() => {
      process.stdout.write(`${JSON.stringify(scenarioJsonSchema(builtInRegistries), null, 2)}\n`);
    });
}
