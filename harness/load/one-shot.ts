import { join } from 'node:path';
import type { FromWorker, WorkerFailure } from './protocol.js';
import { jobOf, type RunContext } from './run-context.js';
import { childEnd, sendTo, spawnChild } from './worker-child.js';

/** How a one-shot process ended; `failure` is undefined when it ended in order. */
export interface OneShotResult {
  readonly failure: WorkerFailure | undefined;
  readonly timedOut: boolean;
  readonly logPath: string;
}

/**
 * Runs a process that does one thing with the driver: driver code never runs in the orchestrator. Past `deadlineMs`, or
 * when the signal aborts, it is killed.
 */
export async function runOneShot(
  context: RunContext,
  role: 'control' | 'inventory',
  deadlineMs: number,
  onMessage: (message: FromWorker) => void,
  signal: AbortSignal,
): Promise<OneShotResult> {
  signal.throwIfAborted();
  const logPath = join(context.logDir, `${role}.log`);
  const child = spawnChild({
    name: role,
    entry: `${role}-worker`,
    userModule: context.scenario.system.driver,
    logPath,
    registry: context.registry,
  });
  sendTo(child, { type: 'init', job: jobOf(context, role, { index: 0, count: 1, incarnation: 0 }) });
  let failure: WorkerFailure | undefined;
  let timedOut = false;
  child.on('message', (message: FromWorker) => {
    if (message.type === 'failed') failure = message.failure;
    else onMessage(message);
  });
  const kill = () => child.kill('SIGKILL');
  signal.addEventListener('abort', kill, { once: true });
  const timer = setTimeout(() => {
    timedOut = true;
    kill();
  }, deadlineMs);
  const { code, signal: endedBy } = await childEnd(child);
  clearTimeout(timer);
  signal.removeEventListener('abort', kill);
  signal.throwIfAborted();
  if (code !== 0 && !timedOut)
    failure ??= { code: 'crashed', message: `it ended by ${endedBy ?? `exit code ${code}`}` };
  return { failure, timedOut, logPath };
}
