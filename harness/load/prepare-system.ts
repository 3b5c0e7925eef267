import { runOneShot } from './one-shot.js';
import type { DriverDescription } from './protocol.js';
import type { RunContext } from './run-context.js';
import { WorkerError } from './worker-error.js';

const DEADLINE_MS = 60_000;

/** Lets the driver create its topics, in a process of its own, and returns what it is. Throws {@link WorkerError}. */
export async function prepareSystem(context: RunContext, signal: AbortSignal): Promise<DriverDescription> {
  let driver: DriverDescription | undefined;
  const onMessage = (message: { type: string; driver?: DriverDescription }) => {
    if (message.type === 'ready') driver = message.driver;
  };
  const { failure, timedOut, logPath } = await runOneShot(context, 'control', DEADLINE_MS, onMessage, signal);
  if (failure !== undefined) {
    throw new WorkerError('driver', `the driver could not prepare the system: ${failure.message}. See ${logPath}.`);
  }
  if (timedOut || driver === undefined) {
    throw new WorkerError(
      'not-ready',
      `the driver did not prepare the system within ${DEADLINE_MS / 1000} s. See ${logPath}.`,
    );
  }
  return driver;
}
