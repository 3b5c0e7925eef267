import { HarnessError } from '../errors.js';
import { EXIT } from '../exit-codes.js';

/**
 * `missing-binary`: something to run is not there. `port-taken`: an address is in use. `bad-config`: a server refuses its
 * configuration. `not-ready`: it did not answer in time. `ended`: it ended before it answered. `unreachable`: somebody
 * else's server does not answer. `unsupported`: asked for what this kind of environment cannot do. `no-such-node`: no
 * node has that name or role. `unwritable`: a folder cannot be used. `server-ended`: a server ended in mid-run though no
 * fault asked it to. `not-empty`: the topic of the run holds messages before the run.
 */
export type EnvironmentErrorCode =
  | 'missing-binary'
  | 'port-taken'
  | 'bad-config'
  | 'not-ready'
  | 'ended'
  | 'unreachable'
  | 'unsupported'
  | 'no-such-node'
  | 'unwritable'
  | 'server-ended'
  | 'not-empty';

/** The environment of a run could not be provided. Exit code 3. */
export class EnvironmentError extends HarnessError {
  override readonly name = 'EnvironmentError';
  readonly exitCode = EXIT.environment;
  readonly code: EnvironmentErrorCode;
  constructor(code: EnvironmentErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
