import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { builtInRegistries } from '../../../../harness/scenario/built-in-registries.js';
import { scenarioJsonSchema } from '../../../../harness/scenario/scenario-json-schema.js';

const FOLDER = new URL('../../../../scenarios/', import.meta.url).pathname;
const schema = scenarioJsonSchema(builtInRegistries);

it('is committed as it is generated (npm run schema)', () => {
  expect(JSON.parse(readFileSync(join(FOLDER, 'scenario.schema.json'), 'utf8'))).toEqual(
    JSON.parse(JSON.stringify(schema)),
  );
});

describe('the schema', () => {
  const validator = z.fromJSONSchema(schema as Parameters<typeof z.fromJSONSchema>[0]);
  const accepts = (raw: unknown) => validator.safeParse(raw).success;
  const files = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.yaml'));

  it.each(files)('accepts %s', (file) => {
    const result = validator.safeParse(parse(readFileSync(join(FOLDER, file), 'utf8')));
    expect(result.error?.issues).toBeUndefined();
  });

  const minimal = { gauntlet: 1, name: 'x', load: { phases: [{ name: 'a', rate: '1/s', for: '1s' }] } };

  it('accepts the smallest scenario and every example of the registries', () => {
    expect(accepts(minimal)).toBe(true);
    const faults = builtInRegistries.faults.map((kind) => parse(kind.example));
    const gates = builtInRegistries.metrics.map((metric) => metric.example);
    expect(accepts({ ...minimal, faults, gates })).toBe(true);
  });

  it.each([
    ['an unknown key', { ...minimal, sede: 1 }],
    ['a rate without unit', { ...minimal, load: { phases: [{ name: 'a', rate: 1, for: '1s' }] } }],
    ['a phase without arrivals', { ...minimal, load: { phases: [{ name: 'a', for: '1s' }] } }],
    ['an unknown fault', { ...minimal, faults: [{ at: '1s', earthquake: 7 }] }],
    ['an unknown parameter', { ...minimal, faults: [{ at: '1s', latency: '5ms', jiter: '1ms' }] }],
    ['an unknown metric', { ...minimal, gates: ['lst == 0'] }],
  ])('refuses %s', (_what, raw) => expect(accepts(raw)).toBe(false));
});
