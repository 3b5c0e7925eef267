import { dirname, resolve } from 'node:path';
import { implicitGates } from '../gates/implicit-gates.js';
import { builtInRegistries } from './built-in-registries.js';
import { crossCheck } from './cross-checks.js';
import { isMapping } from './fault-entry.js';
import { applyOverride } from './overrides.js';
import type { Registries } from './registries.js';
import type { Scenario } from './scenario.js';
import { type Finding, quoteValue, ScenarioError, type ScenarioProblem } from './scenario-error.js';
import { type Override, ScenarioText } from './scenario-text.js';
import { readSections, type Sections } from './sections.js';

export interface ParseOptions {
  /** `load.message.size=4KiB`, as after `--set`. */
  readonly set?: readonly string[];
  /** Instead of the file's. */
  readonly seed?: number;
  readonly registries?: Registries;
}

/**
 * A scenario from its YAML text. Pure. Throws {@link ScenarioError} with every problem of the file, and `UsageError` for
 * a `--set` that is none.
 */
export function parseScenario(text: string, path: string, options: ParseOptions = {}): Scenario {
  const registries = options.registries ?? builtInRegistries;
  const source = readText(text, path);
  if (!source.usable) throw new ScenarioError('syntax', path, inOrder(source.problems));
  const root = source.value;
  if (!isMapping(root)) {
    const got = root === null || root === undefined ? 'the file is empty' : `${quoteValue(root)} is no scenario`;
    const message = `${got}; expected a mapping with gauntlet: 1, name, load and gates.`;
    throw new ScenarioError('invalid', path, [source.locate({ code: 'bad-value', path: [], message })]);
  }
  const raw: Record<string, unknown> = { ...root };
  const overrides = (options.set ?? []).map((setting) => applyOverride(raw, setting));
  if (options.seed !== undefined) {
    raw.seed = options.seed;
    overrides.push({ path: ['seed'], flag: `--seed ${options.seed}` });
  }

  const { sections, findings } = readSections(raw, registries);
  const all = [...findings, ...crossCheck(sections, registries)];
  const scenario =
    all.length === 0 && source.problems.length === 0 ? assemble(sections, text, path, options) : undefined;
  if (scenario !== undefined) all.push(...refusedGates(scenario, registries));
  refuse(source, all, overrides);
  return withImplicitGates(scenario!, registries);
}

function readText(text: string, path: string): ScenarioText {
  try {
    return new ScenarioText(text, path);
  } catch (cause) {
    // Nesting beyond the stack, or aliases that multiply beyond reason.
    const message = `not YAML: ${cause instanceof Error ? cause.message : String(cause)}`;
    const place = { file: path, line: 1, column: 1, path: '', flag: undefined, sourceLine: '', length: 1 };
    throw new ScenarioError('syntax', path, [{ code: 'syntax', message, ...place }], { cause });
  }
}

function refuse(source: ScenarioText, findings: readonly Finding[], overrides: readonly Override[]): void {
  const problems = [...source.problems, ...findings.map((finding) => source.locate(finding, overrides))];
  if (problems.length > 0) throw new ScenarioError('invalid', source.path, inOrder(problems));
}

function inOrder(problems: readonly ScenarioProblem[]): ScenarioProblem[] {
  return problems.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0));
}

/** From sections of which none had a problem. */
function assemble(sections: Sections, text: string, path: string, { set = [], seed }: ParseOptions): Scenario {
  const { system, phases, faults, gates, message, names: _names, ...rest } = sections as Complete;
  const overrides = [...set.map((setting) => `--set ${setting}`), ...(seed === undefined ? [] : [`--seed ${seed}`])];
  return {
    ...rest,
    system: { ...system, driver: driverPath(system.driver, path) },
    load: { message, phases },
    faults,
    gates,
    source: { path, text, ...(overrides.length === 0 ? {} : { overrides }) },
  };
}

type Complete = Required<Omit<Sections, 'phases' | 'faults' | 'gates'>> &
  Pick<Scenario, 'faults' | 'gates'> & {
    phases: Scenario['load']['phases'];
  };

/** A path to a module is relative to the scenario that names it. */
function driverPath(driver: string, scenarioPath: string): string {
  return /^\.{0,2}[\\/]/.test(driver) ? resolve(dirname(scenarioPath), driver) : driver;
}

function refusedGates(scenario: Scenario, { findMetric }: Registries): Finding[] {
  return scenario.gates.flatMap((gate, index): Finding[] => {
    const reason = findMetric(gate.metric)?.refuse?.(scenario);
    if (reason === undefined) return [];
    return [{ code: 'impossible', path: ['gates', index], message: `${gate.metric} cannot be measured: ${reason}.` }];
  });
}

/** Without those that this scenario cannot measure. */
function withImplicitGates(scenario: Scenario, { findMetric }: Registries): Scenario {
  const implicit = implicitGates(scenario.gates);
  const measurable = implicit.filter((gate) => findMetric(gate.metric)?.refuse?.(scenario) === undefined);
  return { ...scenario, gates: [...scenario.gates, ...measurable] };
}
