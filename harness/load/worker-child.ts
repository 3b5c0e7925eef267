import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import type { RunRegistry } from '../environment/run-registry.js';
import { LOAD_WORKER_FLAGS, workerArgv } from '../worker-argv.js';
import { BRAKE_FD } from './brake.js';
import type { ToWorker } from './protocol.js';

/** Messages of a process that has ended are in the channel already. */
const LAST_MESSAGES_MS = 1_000;

export interface ChildOptions {
  /** For the registry of the run's processes: `producer-1`. */
  readonly name: string;
  /** Entry module beside this one: `producer-worker`. */
  readonly entry: string;
  /** The scenario's driver: a TypeScript module needs a loader. */
  readonly userModule?: string;
  /** Where its output is appended. */
  readonly logPath: string;
  readonly registry: Pick<RunRegistry, 'add' | 'remove'>;
}

/** Starts one of the harness' own Node processes with a channel to it, written down in the run's registry until it ends. */
export function spawnChild(options: ChildOptions): ChildProcess {
  const entry = new URL(`./${options.entry}.js`, import.meta.url);
  const log = openSync(options.logPath, 'a');
  let child: ChildProcess;
  try {
    child = spawn(process.execPath, [...LOAD_WORKER_FLAGS, ...workerArgv(entry, options.userModule)], {
      stdio: ['ignore', log, log, 'ipc', 'pipe'],
      serialization: 'advanced',
      // A process group of its own: Ctrl-C on a terminal reaches the orchestrator only, which then ends it in order.
      detached: true,
    });
  } finally {
    closeSync(log);
  }
  // Released when the process is gone already.
  child.stdio[BRAKE_FD]?.on('error', () => {});
  const { pid } = child;
  if (pid !== undefined) {
    options.registry.add(pid, options.name);
    child.once('exit', () => options.registry.remove(pid));
  }
  return child;
}

/** Sends to a process that may be gone: its end is told by its exit, not by a failed message. */
export function sendTo(child: ChildProcess, message: ToWorker): void {
  if (child.connected) child.send(message, () => {});
}

/** Resolves when a process has ended and everything that it sent has arrived. */
export function childEnd(child: ChildProcess): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
  return new Promise((resolve) => {
    child.once('error', (error) => {
      // It never started; an error of a started one (a signal to a process that is gone) changes nothing.
      if (child.pid === undefined) resolve({ code: null, signal: null });
      else process.emitWarning(error);
    });
    child.once('exit', (code, signal) => {
      if (!child.connected) return resolve({ code, signal });
      const settle = () => {
        clearTimeout(timer);
        resolve({ code, signal });
      };
      const timer = setTimeout(settle, LAST_MESSAGES_MS);
      child.once('disconnect', settle);
    });
  });
}
