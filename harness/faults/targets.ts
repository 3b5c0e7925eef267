import type { Environment } from '../environment/environment.js';
import type { FaultSpec } from '../scenario/scenario.js';
import type { FaultKind } from './fault.js';
import { resolveLink } from './link-target.js';
import { resolveFaultNode } from './node-target.js';
import { isWorkerName, resolveServer } from './process-target.js';
import { FAULT_KINDS } from './registry.js';

/**
 * Refuses, before any load, what this environment cannot do to its servers: a link or node that it lacks, the kill of a
 * server that is not ours. Throws FaultError `no-such-target` and `not-ours`. Workers are checked with the scenario.
 */
export async function checkTargets(
  faults: readonly FaultSpec[],
  environment: Environment,
  kinds: readonly FaultKind[] = FAULT_KINDS,
): Promise<void> {
  for (const { kind, params } of faults) {
    for (const target of kinds.find(({ name }) => name === kind)?.targets(params) ?? []) {
      if (target.kind === 'link') await resolveLink(environment, target.link);
      if (target.kind === 'process' && !isWorkerName(target.process)) await resolveServer(environment, target.process);
      if (target.kind === 'node') await resolveFaultNode(environment, target.node);
    }
  }
}
