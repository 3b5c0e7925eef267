import { type LoadPlan, planLoad } from '../load/plan.js';
import { builtInRegistries } from './built-in-registries.js';
import { isMapping } from './fault-entry.js';
import { applyOverride } from './overrides.js';
import { checkPlan } from './plan-checks.js';
import type { Registries } from './registries.js';
import type { Scenario } from './scenario.js';
import type { Finding, ScenarioProblem } from './scenario-error.js';
import { ScenarioText } from './scenario-text.js';

export interface Validation {
  /** Each makes the scenario unfit to run. */
  readonly problems: readonly ScenarioProblem[];
  readonly warnings: readonly ScenarioProblem[];
}

/** What only the realised plan of the seed can tell of a scenario that parsed: gates that it could never hold or miss. */
export function validateScenario(
  scenario: Scenario,
  plan: LoadPlan = planLoad(scenario),
  registries: Registries = builtInRegistries,
): Validation {
  const { problems, warnings } = checkPlan(scenario, plan, registries);
  return { problems: locateFindings(scenario, problems), warnings: locateFindings(scenario, warnings) };
}

/** Places for what was found in a scenario that is parsed already. */
export function locateFindings({ source }: Scenario, findings: readonly Finding[]): ScenarioProblem[] {
  if (findings.length === 0) return [];
  const { path, text, overrides = [] } = source;
  const scenarioText = new ScenarioText(text, path);
  const raw = isMapping(scenarioText.value) ? { ...scenarioText.value } : {};
  const settings = overrides.flatMap((flag) => (flag.startsWith('--set ') ? [flag.slice('--set '.length)] : []));
  const places = settings.map((setting) => applyOverride(raw, setting));
  return findings.map((finding) => scenarioText.locate(finding, places));
}
