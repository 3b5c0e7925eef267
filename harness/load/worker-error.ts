import { HarnessError } from '../errors.js';
import { EXIT, type ExitCode } from '../exit-codes.js';

/** A worker process that could not do its work. */
export class WorkerError extends HarnessError {
  override readonly name = 'WorkerError';
  readonly exitCode: ExitCode;
  readonly code: /** The driver could not be loaded, created or connected. */
    | 'driver'
    /** It ended before it was ready, by itself or by a signal. */
    | 'ended'
    /** It was not ready in time. */
    | 'not-ready'
    /** Its ledger file cannot be written. */
    | 'ledger';
  constructor(code: WorkerError['code'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.exitCode = code === 'driver' ? EXIT.usage : EXIT.environment;
  }
}
