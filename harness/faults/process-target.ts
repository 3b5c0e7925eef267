import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import type { Clock } from '../clock.js';
import type { Environment, ManagedProcess, RedisNode } from '../environment/environment.js';
import { redisInfo } from '../environment/redis-probe.js';
import { waitFor } from '../environment/wait-for.js';
import type { FaultContext, WorkerHandle } from './fault.js';
import { FaultError } from './fault-error.js';
import type { Hold, Holds } from './holds.js';
import { resolveFaultNode } from './node-target.js';
import { describeExchange, ping } from './probe.js';

/** `redis-1`, `redis-master`, `consumer-1`, `producer-2`. */
export const processName = z
  .string()
  .regex(/^[a-z][a-z0-9-]*$/, 'a process such as redis-master, redis-2, consumer-1 or producer-1');

const WORKER = /^(consumer|producer)-\d+$/;

/** `consumer-1`, `producer-2`. */
export const workerName = z.string().regex(WORKER, 'a worker such as consumer-1 or producer-1');

/** A process to be hit; `node` where it is a Redis server, which can also be asked. */
export interface ProcessTarget {
  readonly process: ManagedProcess;
  readonly node: RedisNode | undefined;
}

const PING_DEADLINE_MS = 1000;
const HEALED_DEADLINE_MS = 10_000;
const TERM_AGAIN_MS = 1000;
/** An orderly stop finishes what is in flight. */
const STOP_DEADLINE_MS = 30_000;
const KILL_DEADLINE_MS = 2000;

/** Throws {@link FaultError} `no-such-target` and `not-ours`. A role (`redis-master`) is resolved at this moment. */
export async function resolveProcess({ environment, workers }: FaultContext, name: string): Promise<ProcessTarget> {
  if (isWorkerName(name)) return { process: resolveWorker({ workers }, name), node: undefined };
  return resolveServer(environment, name);
}

/** Throws {@link FaultError} `no-such-target`. */
export function resolveWorker({ workers }: Pick<FaultContext, 'workers'>, name: string): WorkerHandle {
  const worker = workers.get(name);
  if (worker !== undefined) return worker;
  throw new FaultError('no-such-target', `There is no worker ${name}; there are ${workers.names().join(', ')}`);
}

/** Throws {@link FaultError} `no-such-target` and `not-ours`. */
export async function resolveServer(
  environment: Environment,
  name: string,
): Promise<ProcessTarget & { readonly node: RedisNode }> {
  const node = await resolveFaultNode(environment, name);
  if (node.process !== undefined) return { process: node.process, node };
  throw new FaultError(
    'not-ours',
    `${node.name} was not started by this run, so it can be neither killed, paused nor restarted: leave the fault out, or run without --env ${environment.kind}`,
  );
}

export function isWorkerName(name: string): boolean {
  return WORKER.test(name);
}

/** The pid of a running process. Throws {@link FaultError} `not-running`. */
export function runningPid({ name, pid, running }: ManagedProcess): number {
  if (running && pid !== undefined) return pid;
  throw new FaultError('not-running', `${name} is not running, so there is nothing to hit`);
}

/** The pid of a process that can be stopped in order. Throws {@link FaultError} `not-running`. */
export function orderlyPid(process: ManagedProcess, holds: Holds): number {
  const pid = runningPid(process);
  // Between a SIGSTOP and its effect only the hold tells.
  const isPaused = holds.isHeld(process.name, 'pause') || processState(pid) === 'T';
  if (!isPaused && !holds.isHeld(process.name, 'stall')) return pid;
  const state = isPaused ? 'paused' : 'stalled';
  throw new FaultError('not-running', `${process.name} is ${state}, so it cannot be stopped in order: kill it`);
}

/** One letter as `ps` shows it: R running, S sleeping, T stopped, Z ended and not yet reaped; undefined: no such process. */
export function processState(pid: number): string | undefined {
  try {
    if (process.platform !== 'linux') {
      return execFileSync('ps', ['-o', 'state=', '-p', String(pid)], { encoding: 'utf8', stdio: 'pipe' }).trim()[0];
    }
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The command in parentheses may itself hold blanks and parentheses.
    return stat.slice(stat.lastIndexOf(')') + 2)[0];
  } catch {
    return undefined;
  }
}

/** The pid as the server itself says, where it can be asked; undefined: it cannot be. */
export async function serverPid({ process, node }: ProcessTarget): Promise<number | undefined> {
  if (node === undefined) return process.pid;
  const info = await redisInfo(node.direct, 'server').catch(() => undefined);
  const text = info?.get('process_id');
  return text === undefined ? undefined : Number(text);
}

export function isGone(pid: number): boolean {
  return [undefined, 'Z', 'X'].includes(processState(pid));
}

/** Whether the process ends within `deadlineMs`. */
export async function endsWithin(process: ManagedProcess, deadlineMs: number, clock: Clock): Promise<boolean> {
  const timer = new AbortController();
  const late = clock.sleep(deadlineMs, timer.signal).then(
    () => false,
    () => false,
  );
  const ended = await Promise.race([process.exited().then(() => true), late]);
  timer.abort();
  return ended;
}

/**
 * Whether the process ends by SIGTERM within `deadlineMs`. A Redis server is told again: it forgets the signal when it
 * cannot end at once (a replica that writes its first append-only file).
 */
export async function stopsInOrder(
  { process, node }: ProcessTarget,
  deadlineMs: number,
  clock: Clock,
): Promise<boolean> {
  const times = node === undefined ? 1 : Math.ceil(deadlineMs / TERM_AGAIN_MS);
  for (let i = 0; i < times; i++) {
    process.signal('SIGTERM');
    if (await endsWithin(process, deadlineMs / times, clock)) return true;
  }
  return false;
}

/** Ends the process in order, or else by SIGKILL. Resolves with what is to be said against that; empty: nothing. */
export async function endInOrder(target: ProcessTarget, clock: Clock): Promise<string> {
  if (await stopsInOrder(target, STOP_DEADLINE_MS, clock)) return '';
  target.process.signal('SIGKILL');
  await endsWithin(target.process, KILL_DEADLINE_MS, clock);
  return `; it did not stop within ${STOP_DEADLINE_MS / 1000} s of SIGTERM`;
}

/** Undoes the end of a process: starts it, once, where it does not run, and sees that it is well. */
export function startAgain(
  target: ProcessTarget,
  hold: Hold,
  holds: Holds,
  clock: Clock,
): (signal: AbortSignal) => Promise<void> {
  let lifted = false;
  return async (signal) => {
    if (!lifted && !target.process.running) await target.process.start();
    lifted = true;
    holds.release(hold);
    await expectHealthy(target, holds, clock, signal);
  };
}

/**
 * Sees that the process runs, is not stopped, and answers where it is a server. Passed over for what another fault on
 * it explains: the lifting of that one will see.
 */
export async function expectHealthy(
  target: ProcessTarget,
  holds: Holds,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  const { process, node } = target;
  let seen = '';
  const healthy = await waitFor(
    async () => {
      if (holds.isHeld(process.name)) return true;
      const { pid } = process;
      const state = pid === undefined ? undefined : processState(pid);
      seen = `state ${state ?? 'ended'}`;
      if (state === undefined || 'TZX'.includes(state)) return undefined;
      if (node === undefined) return true;
      const answer = await ping(node.direct, PING_DEADLINE_MS, clock, signal);
      seen += `, PING: ${describeExchange(answer)}`;
      return answer.outcome === 'replied' || undefined;
    },
    { clock, deadlineMs: HEALED_DEADLINE_MS },
    signal,
  );
  if (healthy === undefined) {
    throw new FaultError(
      'not-undone',
      `${process.name} is not well ${HEALED_DEADLINE_MS / 1000} s after the fault on it was lifted (${seen})`,
    );
  }
}
