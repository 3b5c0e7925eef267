import { EXIT, type ExitCode } from './exit-codes.js';

/**
 * Base of every error that the harness shows to a person: one message that names the place, the value and the remedy,
 * and the exit code that belongs to it. Each part derives its own class with a closed `code` union; callers switch on
 * `code`, never on text.
 */
export abstract class HarnessError extends Error {
  abstract readonly code: string;
  abstract readonly exitCode: ExitCode;
}

/** A wrong flag or argument. Exit code 2. */
export class UsageError extends HarnessError {
  override readonly name = 'UsageError';
  readonly exitCode = EXIT.usage;
  readonly code: 'bad-flag' | 'bad-argument' | 'not-found' | 'unwritable';
  constructor(code: UsageError['code'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
