import { externalProblem } from '../environment/external-limits.js';
import { UsageError } from '../errors.js';
import type { FaultKind } from '../faults/fault.js';
import { isWorkerName } from '../faults/process-target.js';
import { FAULT_KINDS } from '../faults/registry.js';
import type { Scenario } from '../scenario/scenario.js';
import type { RunTarget } from './start-environment.js';

/**
 * Refuses, before the first run, a suite of which some scenario cannot be run on these servers: hours of others would be
 * lost to it, or it would be missed in their midst. Throws UsageError that names each with its reasons.
 */
export function checkTarget(
  scenarios: readonly Scenario[],
  target: Pick<RunTarget, 'kind'>,
  kinds: readonly FaultKind[] = FAULT_KINDS,
): void {
  if (target.kind === 'native') return;
  const refused = scenarios.flatMap((scenario) => {
    const reasons = externalProblems(scenario, kinds);
    return reasons.length === 0 ? [] : [{ scenario, reasons }];
  });
  if (refused.length === 0) return;
  const lines = refused.flatMap(({ scenario, reasons }) => [
    `  ${scenario.name} (${scenario.source.path})`,
    ...reasons.map((reason) => `    ${reason}`),
  ]);
  throw new UsageError(
    'bad-argument',
    `${refused.length} of ${scenarios.length} scenarios cannot be run with --env external:\n${lines.join('\n')}\nNothing was started. Name the others only, or run these without --env external.`,
  );
}

function externalProblems({ environment, faults }: Scenario, kinds: readonly FaultKind[]): string[] {
  const problem = externalProblem(environment.redis);
  const notOurs = faults.flatMap(({ id, kind, params }) => {
    const targets = kinds.find(({ name }) => name === kind)?.targets(params) ?? [];
    return targets.flatMap((target) =>
      target.kind === 'process' && !isWorkerName(target.process)
        ? [
            `fault ${id} (${kind}): ${target.process} is not a process of ours, so it can be neither killed, paused nor restarted.`,
          ]
        : [],
    );
  });
  return problem === undefined ? notOurs : [problem, ...notOurs];
}
