import { readFileSync } from 'node:fs';
import { NS_PER_SEC } from '../clock.js';
import type { WorkerEnd } from '../load/worker-end.js';

/** The counter is looked at every second; the news of an end may come later than that on a busy machine. */
const RECENT_NS = 5 * NS_PER_SEC;

/**
 * Tells which workers the kernel killed for want of memory. It counts its kills and names none, so one counts for a worker
 * that a SIGKILL from outside ended, soon after the count rose, and for one only: another program's kill explains no crash,
 * neither earlier in the run nor beside it, and every further SIGKILL is somebody else's.
 */
export class OomWatch {
  readonly #count: () => number;
  #seen: number;
  #roseNs = Number.NEGATIVE_INFINITY;
  #unclaimed = 0;

  constructor(count: () => number = oomKills) {
    this.#count = count;
    this.#seen = count();
  }

  /** To be called about every second: a rise that nobody saw is as old as the next look. */
  look(nowNs: number): void {
    if (nowNs - this.#roseNs > RECENT_NS) this.#unclaimed = 0;
    const count = this.#count();
    if (count > this.#seen) {
      this.#unclaimed += count - this.#seen;
      this.#roseNs = nowNs;
    }
    this.#seen = count;
  }

  /** Whether this end is one of the kernel's kills. Each end is to be asked about once. */
  claims({ reason, signal, atNs }: Pick<WorkerEnd, 'reason' | 'signal' | 'atNs'>): boolean {
    this.look(atNs);
    if (reason !== 'outside' || signal !== 'SIGKILL' || this.#unclaimed === 0) return false;
    this.#unclaimed--;
    return true;
  }
}

/**
 * Kills for want of memory, whichever limit was reached: of processes in the own cgroup where that tells, else of the whole
 * machine since it started; 0 where neither does.
 */
export function oomKills(read: (path: string) => string | undefined = readText): number {
  for (const path of counterFiles(read('/proc/self/cgroup') ?? '')) {
    const count = /^oom_kill (\d+)$/m.exec(read(path) ?? '')?.[1];
    if (count !== undefined) return Number(count);
  }
  return 0;
}

/**
 * Files that may hold the counter, the nearest first. In a container the path may be the host's, where its own cgroup is
 * mounted as the root.
 */
function counterFiles(ownCgroups: string): string[] {
  const own = (hierarchy: RegExp) => hierarchy.exec(ownCgroups)?.[1];
  const unified = own(/^0::(\/.*)$/m);
  const memory = own(/^\d+:(?:[^:]*,)?memory(?:,[^:]*)?:(\/.*)$/m);
  return [
    ...places('/sys/fs/cgroup/memory', memory, 'memory.oom_control'),
    ...places('/sys/fs/cgroup', unified, 'memory.events'),
    '/proc/vmstat',
  ];
}

function places(mount: string, path: string | undefined, file: string): string[] {
  if (path === undefined) return [];
  return path === '/' ? [`${mount}/${file}`] : [`${mount}${path}/${file}`, `${mount}/${file}`];
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return undefined;
  }
}
