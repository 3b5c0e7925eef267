import { findFaultKind } from '../faults/registry.js';
import type { FaultSpec } from '../scenario/scenario.js';
import type { FaultRecord, LedgerFile, WorkerIncident } from './history.js';

/**
 * Faults that cut every consumer off its server, as incidents of each: a client link that was down, silent or reset, a
 * server that was stopped, demoted or emptied. Links between servers and mere slowness cut nobody off.
 */
export function cutOffIncidents(
  faults: readonly FaultRecord[],
  specs: readonly FaultSpec[],
  files: readonly LedgerFile[],
  endNs: number,
): readonly WorkerIncident[] {
  return faults.flatMap((fault) => {
    const spec = specs.find(({ id }) => fault.id === id || fault.id.startsWith(`${id}#`));
    if (fault.injectedNs === undefined || spec === undefined || !cutsOff(spec)) return [];
    const span = { fromNs: fault.injectedNs, untilNs: fault.liftedNs ?? endNs };
    return files
      .filter(({ role }) => role === 'consumer')
      .map(({ role, worker, incarnation }) => ({ role, worker, incarnation, kind: 'cut-off' as const, ...span }));
  });
}

function cutsOff({ kind, params }: FaultSpec): boolean {
  const found = findFaultKind(kind);
  if (found?.cutsOff !== true) return false;
  return found.targets({ ...params }).some((target) => {
    if (target.kind === 'link') return target.link.endsWith('.clients');
    return target.kind === 'node' || !/^(consumer|producer)-/.test(target.process);
  });
}
