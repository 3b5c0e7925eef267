import { readdirSync, readFileSync } from 'node:fs';
import { cpuTimeMs } from '../../harness/run/process-sampler.js';

/** CPU time so far, in ms, of all processes of a group: servers are started as groups of their own. Needs /proc. */
export function groupCpuMs(group: number): number {
  return membersOf(group).reduce((sum, pid) => sum + (cpuTimeMs(pid) ?? 0), 0);
}

function membersOf(group: number): number[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.map(Number).filter((pid) => groupOf(pid) === group);
}

function groupOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The command's name may hold spaces and parentheses: fields count from behind the last one.
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[2]);
  } catch {
    return undefined;
  }
}
