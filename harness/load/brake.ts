import type { ChildProcess } from 'node:child_process';
import { readSync } from 'node:fs';
import { Writable } from 'node:stream';

/** A worker's pipe beside its channel (3), on which it waits while it is stalled. */
export const BRAKE_FD = 4;

/**
 * In the worker: blocks this thread, and with it the event loop, until {@link releaseBrake}, or until the orchestrator is
 * gone: the pipe has ended then.
 */
export function waitOnBrake(): void {
  readSync(BRAKE_FD, Buffer.alloc(1));
}

/** In the orchestrator: one call ends one wait. */
export function releaseBrake(child: ChildProcess): void {
  const brake = child.stdio[BRAKE_FD];
  if (brake instanceof Writable) brake.write('.');
}
