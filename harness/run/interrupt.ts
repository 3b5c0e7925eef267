import { constants } from 'node:os';
import { HarnessError } from '../errors.js';
import { EXIT } from '../exit-codes.js';

/** The user, or the system, asked the run to end. Exit code 130. */
export class InterruptedError extends HarnessError {
  override readonly name = 'InterruptedError';
  readonly code = 'interrupted';
  readonly exitCode = EXIT.interrupted;
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Turns the first SIGINT, SIGTERM or SIGHUP into an aborted signal, so that everything is undone in order; the second
 * one ends the process at once (the next run then removes what is left).
 */
export function abortOnSignals(notify: (message: string) => void): Disposable & { readonly signal: AbortSignal } {
  const controller = new AbortController();
  const onSignal = (name: NodeJS.Signals) => {
    if (controller.signal.aborted) process.exit(128 + constants.signals[name]);
    notify(`${name}: lifting faults and stopping; again to leave at once`);
    controller.abort(new InterruptedError(`interrupted by ${name}`));
  };
  for (const name of SIGNALS) process.on(name, onSignal);
  return {
    signal: controller.signal,
    [Symbol.dispose]() {
      for (const name of SIGNALS) process.removeListener(name, onSignal);
    },
  };
}
