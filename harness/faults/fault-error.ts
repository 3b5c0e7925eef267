import { HarnessError } from '../errors.js';
import { EXIT, type ExitCode } from '../exit-codes.js';

export type FaultErrorCode =
  /** No such link, node, role or worker in this environment. Exit code 2. */
  | 'no-such-target'
  /** The process is not ours: it can be neither killed nor paused. Exit code 2. */
  | 'not-ours'
  /** No such fault. Exit code 2. */
  | 'unknown-kind'
  /** A name that cannot be part of a URL path. Exit code 2. */
  | 'unsafe-name'
  /** The process to be hit is not running. */
  | 'not-running'
  /** Injecting, proving or lifting took longer than it may. */
  | 'too-slow'
  /** Toxiproxy did not answer within its deadline. */
  | 'toxiproxy-timeout'
  /** Toxiproxy cannot be connected to. */
  | 'toxiproxy-unreachable'
  /** Toxiproxy answered with an error. */
  | 'toxiproxy-refused'
  /** The call to undo the fault went well, its effect is still there. */
  | 'not-undone';

const USAGE_CODES: readonly FaultErrorCode[] = ['no-such-target', 'not-ours', 'unknown-kind', 'unsafe-name'];

/** A fault that cannot be injected, proved or undone. Exit code 3, or 2 where the scenario asks for the impossible. */
export class FaultError extends HarnessError {
  override readonly name = 'FaultError';
  readonly code: FaultErrorCode;
  readonly exitCode: ExitCode;
  constructor(code: FaultErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.exitCode = USAGE_CODES.includes(code) ? EXIT.usage : EXIT.environment;
  }
}
