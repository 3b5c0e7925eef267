import type { FaultTarget } from '../faults/fault.js';
import { findFaultKind } from '../faults/registry.js';
import type { FaultSpec, Scenario, Topology } from '../scenario/scenario.js';
import type { FaultRecord, LedgerFile, WorkerIncident } from './history.js';

/**
 * Faults that cut consumers off their server, as incidents of each: a client link that was down, silent or reset, a node
 * that was stopped, demoted or emptied; where nodes take over from each other, also one that was cut off from them. Links
 * between servers that move no master, Sentinels, and mere slowness cut nobody off.
 */
export function cutOffIncidents(
  faults: readonly FaultRecord[],
  { faults: specs, environment }: Pick<Scenario, 'faults' | 'environment'>,
  files: readonly LedgerFile[],
  endNs: number,
): readonly WorkerIncident[] {
  const { topology } = environment.redis;
  return faults.flatMap((fault) => {
    const spec = specs.find(({ id }) => fault.id === id || fault.id.startsWith(`${id}#`));
    if (fault.injectedNs === undefined || spec === undefined) return [];
    const span = { fromNs: fault.injectedNs, untilNs: fault.liftedNs ?? endNs };
    return files
      .filter(({ role, worker }) => role === 'consumer' && isCutOff(worker, spec, topology))
      .map(({ role, worker, incarnation }) => ({ role, worker, incarnation, kind: 'cut-off' as const, ...span }));
  });
}

function isCutOff(worker: number, { kind, params }: FaultSpec, topology: Topology): boolean {
  const found = findFaultKind(kind);
  return found?.cutsOff === true && found.targets({ ...params }).some((target) => hits(target, worker, topology));
}

function hits(target: FaultTarget, worker: number, topology: Topology): boolean {
  if (target.kind === 'node') return true;
  if (target.kind === 'process') return target.process.startsWith('redis-');
  const [server = '', side] = target.link.split('.');
  if (!server.startsWith('redis-')) return false;
  if (side === 'peers') return topology === 'sentinel' || topology === 'cluster';
  return side === 'clients' || side === `consumer-${worker + 1}`;
}
