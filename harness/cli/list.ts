import type { Command } from 'commander';
import { z } from 'zod';
import { coloursOf } from '../colours.js';
import { UsageError } from '../errors.js';
import { GATE_FORM, LIMITS } from '../gates/gate-expression.js';
import { implicitGates } from '../gates/implicit-gates.js';
import { builtInRegistries } from '../scenario/built-in-registries.js';
import { findScenarios } from '../scenario/find-scenarios.js';
import { examineScenario } from '../scenario/load-scenario.js';
import { TOPOLOGIES, type Topology } from '../scenario/scenario.js';
import { ScenarioError } from '../scenario/scenario-error.js';
import { didYouMean } from '../scenario/suggest.js';

const EXAMPLES = `
Examples:
  $ gauntlet list faults                 what a scenario can break, with parameters and an example of each
  $ gauntlet list gates                  how gates are written, with one of each metric
  $ gauntlet list metrics --json         their exact definitions, for programs
  $ gauntlet list scenarios scenarios --tags ci`;

/** One line of a list, and the shape of `--json`. */
interface Entry {
  readonly name: string;
  readonly summary: string;
  readonly example?: string;
  readonly [detail: string]: unknown;
}

const LISTS: Readonly<
  Record<string, (path: string, tags: readonly string[] | undefined) => Entry[] | Promise<Entry[]>>
> = {
  faults: listFaults,
  gates: listGates,
  metrics: listMetrics,
  drivers: listDrivers,
  topologies: listTopologies,
  scenarios: listScenarios,
};

export function registerList(program: Command): void {
  program
    .command('list')
    .description('Show what exists: faults, gates, metrics, drivers, topologies, scenarios.')
    .argument('<what>', Object.keys(LISTS).join(', '))
    .argument('[path]', 'for scenarios: a file, folder or glob', 'scenarios')
    .option('--tags <a,b>', 'for scenarios: only those with one of these tags', (text: string) => text.split(','))
    .option('--json', 'print JSON')
    .addHelpText('after', EXAMPLES)
    .action(list);
}

async function list(
  what: string,
  path: string,
  flags: { readonly json?: boolean; readonly tags?: readonly string[] },
): Promise<void> {
  const known = Object.keys(LISTS);
  const entries = await LISTS[known.find((name) => name === what) ?? '']?.(path, flags.tags);
  if (entries === undefined) {
    const message = `there is no list of "${what}"; expected one of ${known.join(', ')}.${didYouMean(what, known)}`;
    throw new UsageError('bad-argument', message);
  }
  if (flags.json) {
    process.stdout.write(`${JSON.stringify(entries, null, 2)}\n`);
    return;
  }
  const head = what === 'gates' ? [`A gate is: ${GATE_FORM}`, ...implicitHead(), ''] : [];
  process.stdout.write(`${[...head, ...entries.map((entry) => render(entry))].join('\n')}\n`);
}

function implicitHead(): string[] {
  const gates = implicitGates([]).map(({ text }) => `    ${text}`);
  return ['', 'Every scenario has these unless it sets its own, or its driver leaves nothing to judge by:', ...gates];
}

function render({ name, summary, example, ...details }: Entry): string {
  const pc = coloursOf(process.stdout);
  const lines = [`${pc.bold(name)}  ${summary}`];
  for (const [label, value] of Object.entries(details)) {
    const text = Array.isArray(value) ? value.join(', ') : value;
    if (text !== '') lines.push(pc.dim(`    ${label}: ${text}`));
  }
  if (example !== undefined) lines.push(`    ${pc.cyan(example)}`);
  return lines.join('\n');
}

function listFaults(): Entry[] {
  return builtInRegistries.faults.map(({ name, summary, params, example }) => {
    return { name, summary, parameters: describeParameters(params), example: `- ${example}` };
  });
}

/** `latency: duration`, `jitter: duration (0)`, ...: the key, its unit or choices, and the default. */
function describeParameters(params: z.ZodType): string[] {
  const schema = z.toJSONSchema(params, { io: 'input', unrepresentable: 'any' });
  const required = new Set(schema.required ?? []);
  return Object.entries(schema.properties ?? {}).map(([key, property]) => {
    if (typeof property === 'boolean') return key;
    const fallback = property.default === undefined ? '' : ` = ${String(property.default)}`;
    return `${key}${required.has(key) ? '' : '?'}: ${typeName(property)}${fallback}`;
  });
}

function typeName(property: z.core.JSONSchema.BaseSchema): string {
  if (property.$ref !== undefined) return property.$ref.slice('#/$defs/'.length);
  if (property.enum !== undefined) return property.enum.map(String).join(' | ');
  if (property.type === 'string') return 'name';
  return String(property.type ?? 'value');
}

function listGates(): Entry[] {
  const implicit = new Map(implicitGates([]).map(({ metric, text }) => [metric, text]));
  return builtInRegistries.metrics.map(({ name, unit, alsoShare, scopes, hasInterval, example }) => ({
    name,
    summary: `limit: ${LIMITS[unit]}${alsoShare ? ', or a share such as 0.1%' : ''}`,
    scopes: scopes ?? 'all',
    ...(hasInterval ? {} : { confidence: 'none' }),
    ...(implicit.has(name) ? { implicit: implicit.get(name) } : {}),
    example: `- ${example}`,
  }));
}

function listMetrics(): Entry[] {
  return builtInRegistries.metrics.map(({ name, unit, definition, example }) => {
    return { name, summary: definition, unit, example };
  });
}

function listDrivers(): Entry[] {
  const builtIn = builtInRegistries.drivers.map((name) => {
    // As YAML reads it: a bare null is no name.
    return { name, summary: 'built in', example: `driver: ${name === 'null' ? "'null'" : name}` };
  });
  const own = 'a module or package that exports createDriver(context); relative to the scenario';
  return [...builtIn, { name: './my-driver.ts', summary: own, example: 'driver: ./my-driver.ts' }];
}

const TOPOLOGY_SUMMARIES: Readonly<Record<Topology, string>> = {
  standalone: 'One Redis: redis-1, also called redis-master. Its clients are behind redis-1.clients.',
  replicated:
    'One master and replicas: redis-1 (redis-master), redis-2, ... Clients are behind <node>.clients, replication is behind <node>.peers.',
  sentinel:
    'As replicated, with Sentinels that move the master: sentinel-1, ... They reach the nodes through <node>.peers, clients reach them through sentinel-1.clients. redis-master is the one that most Sentinels name.',
  cluster:
    'Redis Cluster: redis-1 to redis-3 start as masters, the others as their replicas. Replication and the bus are behind <node>.peers. redis-master-2 is the master of the second shard by slots.',
};

const TOPOLOGY_EXAMPLES: Readonly<Record<Topology, string>> = {
  standalone: 'redis: { topology: standalone }',
  replicated: 'redis: { topology: replicated, replicas: 1 }',
  sentinel: 'redis: { topology: sentinel, replicas: 2, sentinels: 3, downAfter: 1s }',
  cluster: 'redis: { topology: cluster, masters: 3, replicas: 1 }',
};

function listTopologies(): Entry[] {
  return TOPOLOGIES.map((name) => {
    return { name, summary: TOPOLOGY_SUMMARIES[name], example: TOPOLOGY_EXAMPLES[name] };
  });
}

async function listScenarios(path: string, tags: readonly string[] | undefined): Promise<Entry[]> {
  const entries: Entry[] = [];
  for (const file of await findScenarios([path], tags)) {
    try {
      const { scenario } = await examineScenario(file);
      entries.push({ name: scenario.name, summary: scenario.description, tags: scenario.tags, path: file });
    } catch (error) {
      if (!(error instanceof ScenarioError)) throw error;
      entries.push({ name: file, summary: `cannot be run; see gauntlet validate ${file}`, tags: [], path: file });
    }
  }
  return entries;
}
