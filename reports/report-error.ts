/**
 * A results document that cannot be read, or a report that cannot be written. The message names the path, the value
 * and the remedy; callers switch on `code`.
 */
export class ReportError extends Error {
  override readonly name = 'ReportError';
  readonly code: 'not-found' | 'unreadable' | 'not-json' | 'wrong-version' | 'invalid' | 'unwritable' | 'disk-full';
  constructor(code: ReportError['code'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
