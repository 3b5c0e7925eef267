import { readdirSync, readFileSync } from 'node:fs';
import { cpuTimeMs } from '../../harness/run/process-sampler.js';

/** CPU time so far, in ms, of all processes of a group: servers are started as groups of their own. Needs /proc. */
export function groupCpuMs(group: number): number {
  return membersOf(group).reduce((sum, pid) => sum + (cpuTimeMs(pid) ?? 0), 0);
}

/** Resident memory of all processes of a group. */
export function groupRssBytes(group: number): number {
  return membersOf(group).reduce((sum, pid) => sum + rssBytes(pid), 0);
}

function membersOf(group: number): number[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.map(Number).filter((pid) => groupOf(pid) === group);
}

function groupOf(pid: number): number | undefined {
  const stat = readProc(pid, 'stat');
  // The command's name may hold spaces and parentheses: fields count from behind the last one.
  return stat === undefined ? undefined : Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[2]);
}

function rssBytes(pid: number): number {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readProc(pid, 'status') ?? '')?.[1];
  return Number(kib ?? 0) * 1024;
}

function readProc(pid: number, file: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1');
  } catch {
    return undefined;
  }
}
