import type { z } from 'zod';
import { parseGate } from '../gates/gate-expression.js';
import { consumers } from './consumers-schema.js';
import { isMapping, kindOf, parseFault } from './fault-entry.js';
import type { ScenarioNames } from './fault-time.js';
import type { Registries } from './registries.js';
import type { FaultSpec, Gate, PhaseSpec } from './scenario.js';
import type { Finding, KeyPath } from './scenario-error.js';
import * as schema from './schema.js';
import { badValue, checkAgainst, unknownKey } from './schema-findings.js';

const SCALARS = {
  name: schema.scenarioName,
  description: schema.description,
  tags: schema.tags,
  seed: schema.seed,
  system: schema.system,
  environment: schema.environment,
  producers: schema.producers,
  consumers,
  drain: schema.drain,
} as const;

/** Every top-level key of a scenario file. */
export const TOP_LEVEL_KEYS = ['gauntlet', ...Object.keys(SCALARS), 'load', 'faults', 'gates'];

type Parsed = { readonly [Key in keyof typeof SCALARS]?: z.output<(typeof SCALARS)[Key]> };

/** The parts of a file that could be read; a part with a problem is undefined. Indexes are those of the file. */
export interface Sections extends Parsed {
  readonly message?: z.output<typeof schema.message>;
  readonly phases: readonly (PhaseSpec | undefined)[];
  readonly faults: readonly (FaultSpec | undefined)[];
  readonly gates: readonly (Gate | undefined)[];
  readonly names: ScenarioNames;
}

/** Reads every part of the raw value on its own, so that a problem in one does not hide those of another. */
export function readSections(
  raw: Readonly<Record<string, unknown>>,
  registries: Registries,
): { sections: Sections; findings: Finding[] } {
  const findings: Finding[] = [];
  const take = <T>({ value, findings: found }: { value?: T; findings: Finding[] }): T | undefined => {
    findings.push(...found);
    return value;
  };
  take(checkAgainst(schema.version, raw.gauntlet, ['gauntlet']));
  for (const key of Object.keys(raw)) {
    if (!TOP_LEVEL_KEYS.includes(key)) findings.push(unknownKey([key], key, TOP_LEVEL_KEYS));
  }
  const parsed: Record<string, unknown> = {};
  for (const [key, type] of Object.entries(SCALARS)) {
    const value = take<unknown>(checkAgainst<unknown>(type, raw[key], [key]));
    if (value !== undefined) parsed[key] = value;
  }
  const faultIds = idsOf(raw.faults, registries);
  const names: ScenarioNames = { phases: phaseNamesOf(raw.load), faults: faultIds };

  const load = isMapping(raw.load) ? raw.load : {};
  if (!isMapping(raw.load)) findings.push(badValue(['load'], raw.load, 'a mapping with message and phases'));
  for (const key of Object.keys(load)) {
    if (key !== 'message' && key !== 'phases') findings.push(unknownKey(['load', key], key, ['message', 'phases']));
  }
  const message = take(checkAgainst(schema.message, load.message, ['load', 'message']));
  const phases = isMapping(raw.load) ? readPhases(load.phases, take, findings) : [];
  const faults = listOf(raw.faults, ['faults'], 'faults', findings).map((entry, index) =>
    take(parseFault(entry, faultIds[index] ?? '', ['faults', index], registries.faults, names)),
  );
  const gates = listOf(raw.gates, ['gates'], 'gates', findings).map((entry, index) =>
    take(readGate(entry, ['gates', index], registries, names)),
  );
  const sections = {
    ...(parsed as Parsed),
    ...(message === undefined ? {} : { message }),
    phases,
    faults,
    gates,
    names,
  };
  return { sections, findings: withoutConsequences(findings) };
}

function readPhases(
  raw: unknown,
  take: (result: { value?: PhaseSpec; findings: Finding[] }) => PhaseSpec | undefined,
  findings: Finding[],
): (PhaseSpec | undefined)[] {
  const path = ['load', 'phases'];
  if (!Array.isArray(raw) || raw.length === 0 || raw.length > schema.MAX_PHASES) {
    findings.push(
      badValue(
        path,
        raw,
        `a list of 1 to ${schema.MAX_PHASES} phases such as { name: steady, rate: 1000/s, for: 10s }`,
      ),
    );
    return [];
  }
  return raw.map((entry, index) => take(checkAgainst(schema.phase, entry, [...path, index])));
}

function listOf(raw: unknown, path: KeyPath, what: string, findings: Finding[]): readonly unknown[] {
  if (raw === undefined) return [];
  if (Array.isArray(raw)) return raw;
  findings.push(badValue(path, raw, `a list of ${what}`));
  return [];
}

function readGate(
  raw: unknown,
  path: KeyPath,
  registries: Registries,
  names: ScenarioNames,
): { value?: Gate; findings: Finding[] } {
  if (typeof raw !== 'string') return { findings: [badValue(path, raw, 'a gate such as lost == 0')] };
  const result = parseGate(raw, { ...registries, findMetric: registries.findMetric, names });
  if ('gate' in result) return { value: result.gate, findings: [] };
  return { findings: [{ ...result.problem, path }] };
}

/** As written, whatever else is wrong with the phase: a reference to it is no second mistake. */
function phaseNamesOf(load: unknown): string[] {
  const phases = isMapping(load) && Array.isArray(load.phases) ? load.phases : [];
  return phases.flatMap((phase) => (isMapping(phase) && typeof phase.name === 'string' ? [phase.name] : []));
}

/** The id of every entry: the given one, else `<kind>-<n>`, the n-th of its kind. */
function idsOf(faults: unknown, registries: Registries): string[] {
  const counts = new Map<string, number>();
  return (Array.isArray(faults) ? faults : []).map((raw: unknown) => {
    if (!isMapping(raw)) return '';
    const kind = kindOf(raw, registries.faults)?.name ?? 'fault';
    const count = (counts.get(kind) ?? 0) + 1;
    counts.set(kind, count);
    return typeof raw.id === 'string' ? raw.id : `${kind}-${count}`;
  });
}

/** With an unknown topology, its own keys are unknown too: saying so does not help. */
function withoutConsequences(findings: readonly Finding[]): Finding[] {
  const under = (finding: Finding, path: string) => finding.path.join('.').startsWith(path);
  const badTopology = findings.some((finding) => under(finding, 'environment.redis.topology'));
  return findings.filter(
    (finding) => !(badTopology && finding.code === 'unknown-key' && under(finding, 'environment.redis.')),
  );
}
