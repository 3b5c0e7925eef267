import { readFileSync } from 'node:fs';

/** Clock ticks a second in /proc/<pid>/stat: USER_HZ, 100 on every Linux that Node supports. */
const TICKS_PER_SEC = 100;

/** CPU time of a process so far in ms, from /proc; undefined where there is none or the process is gone. */
export function cpuTimeMs(pid: number): number | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return undefined;
  }
  // The command's name may hold spaces and parentheses: fields count from behind the last one.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return ((Number(fields[11]) + Number(fields[12])) / TICKS_PER_SEC) * 1000;
}

/** Turns growing CPU times into shares of one core per interval, by process name. */
export class CpuShares {
  readonly #last = new Map<string, { pid: number; cpuMs: number; atNs: number }>();

  /** Share of one core since the last call for `name`; null at the first one, after a restart, and off Linux. */
  next(name: string, pid: number, nowNs: number): number | null {
    const cpuMs = cpuTimeMs(pid);
    if (cpuMs === undefined) return null;
    const last = this.#last.get(name);
    this.#last.set(name, { pid, cpuMs, atNs: nowNs });
    if (last === undefined || last.pid !== pid) return null;
    return (cpuMs - last.cpuMs) / ((nowNs - last.atNs) / 1e6);
  }
}
