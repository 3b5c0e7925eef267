import { z } from 'zod';
import { consumers } from './consumers-schema.js';
import { faultTiming } from './fault-entry.js';
import type { Registries } from './registries.js';
import { GATE_OPERATORS } from './scenario.js';
import * as schema from './schema.js';

type Json = Record<string, unknown>;

/**
 * JSON Schema (2020-12) of scenario files for editors, from the same zod types that read them. What it cannot say (names
 * that refer to each other, targets against the topology) is left to `gauntlet validate`.
 */
export function scenarioJsonSchema(registries: Registries): Json {
  const file = z.strictObject({
    gauntlet: schema.version,
    name: schema.scenarioName,
    description: schema.description,
    tags: schema.tags,
    seed: schema.seed,
    system: schema.system,
    environment: schema.environment,
    producers: schema.producers,
    consumers,
    load: schema.load,
    drain: schema.drain,
    faults: z.array(z.unknown()).default([]).describe('What is broken, and when.'),
    gates: z.array(z.string()).default([]).describe('Limits that decide the verdict.'),
  });
  const json = z.toJSONSchema(file, { io: 'input' }) as Json;
  const definitions = { ...(json.$defs as Json) };
  const properties = json.properties as Record<string, Json>;
  const faults = registries.faults.map((kind) => faultEntry(kind, definitions));
  properties.faults = { ...properties.faults, items: { anyOf: faults } };
  properties.gates = { ...properties.gates, items: gateEntry(registries) };
  const system = properties.system?.properties as Record<string, Json>;
  system.driver = { ...system.driver, examples: [...registries.drivers, './my-driver.ts'] };
  return {
    $schema: json.$schema,
    title: 'Gauntlet scenario',
    description: 'One experiment: a load, faults, and the gates that judge it.',
    ...json,
    $defs: definitions,
  };
}

/** Timing and parameters of one kind in one object; shared definitions go to the file's. */
function faultEntry(kind: Registries['faults'][number], definitions: Json): Json {
  const timing = inner(faultTiming, definitions);
  const params = inner(kind.params, definitions);
  return {
    type: 'object',
    title: kind.name,
    description: kind.summary,
    properties: { ...(params.properties as Json), ...(timing.properties as Json) },
    required: [
      kind.name,
      'at',
      ...((params.required as string[] | undefined) ?? []).filter((key) => key !== kind.name),
    ],
    additionalProperties: false,
  };
}

function inner(type: z.ZodType, definitions: Json): Json {
  const { $defs, $schema: _, ...json } = z.toJSONSchema(type, { io: 'input', unrepresentable: 'any' }) as Json;
  Object.assign(definitions, $defs);
  return json;
}

function gateEntry({ metrics }: Registries): Json {
  const names = metrics.map(({ name }) => name.replaceAll('.', '\\.').replaceAll('*', '[0-9.]+'));
  return {
    type: 'string',
    pattern: `^(${names.join('|')})\\s*(${GATE_OPERATORS.join('|')})\\s*[0-9]`,
    description: `metric op value [during PHASE, ... | after FAULT [lifted] | outside faults | overall] [with confidence P]`,
    examples: metrics.map(({ example }) => example),
  };
}
