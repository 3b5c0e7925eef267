import { HarnessError } from '../errors.js';
import { EXIT } from '../exit-codes.js';

/** A driver that cannot be found, loaded or used. Exit code 2: the scenario names it. */
export class DriverError extends HarnessError {
  override readonly name = 'DriverError';
  readonly exitCode = EXIT.usage;
  readonly code: /** Neither a built-in driver, nor a file, nor a package that can be resolved. */
    | 'not-found'
    /** The module threw while it was loaded. */
    | 'unloadable'
    /** It exports no `createDriver`. */
    | 'bad-module'
    /** `createDriver` made something that is not a driver. */
    | 'bad-driver'
    /** The scenario's options are not what the driver takes. */
    | 'bad-option'
    /** A gate of the scenario rests on what the driver's capabilities rule out. */
    | 'unmeasurable-gate'
    /** The scenario has several members in one worker, and the driver cannot open them. */
    | 'single-member'
    /** The scenario leaves the number of consumers to the system, and the driver has no `autoscale`. */
    | 'no-autoscaler';
  constructor(code: DriverError['code'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
