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

/** Failures of files and folders that a person can do something about, and what. */
const FILE_REMEDIES: Readonly<Record<string, string>> = {
  ENOSPC: 'The disk is full: free some space, or set TMPDIR and --report to another disk.',
  EDQUOT: 'The disk quota is used up: free some space, or set TMPDIR and --report to another disk.',
  EACCES: 'Give the folder to this user, or set TMPDIR and --report to others.',
  EPERM: 'Give the folder to this user, or set TMPDIR and --report to others.',
  EROFS: 'The disk is read-only: set TMPDIR and --report to another.',
  EMFILE: 'Too many files are open: raise the limit (ulimit -n).',
  ENFILE: 'Too many files are open on this machine.',
};

/** A full disk and the like as an {@link EnvironmentError}; any other error as it is. */
export function explainFileError(error: unknown, what: string): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  const remedy = error instanceof HarnessError || code === undefined ? undefined : FILE_REMEDIES[code];
  return remedy === undefined
    ? error
    : new EnvironmentError('unwritable', `${what}: ${message}. ${remedy}`, { cause: error });
}
