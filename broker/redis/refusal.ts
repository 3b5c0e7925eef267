/**
 * Error replies that say "not now, and nothing was executed": the same command may be sent again.
 * Any other error reply is a definite refusal; anything that is no reply (timeout, reset, closed) is ambiguous.
 */
const TRANSIENT_REFUSALS: ReadonlySet<string> = new Set([
  'READONLY',
  'LOADING',
  'MASTERDOWN',
  'MOVED',
  'ASK',
  'TRYAGAIN',
  'CLUSTERDOWN',
  'NOREPLICAS',
  'OOM',
  'MISCONF',
  'BUSY',
  'NOSCRIPT',
]);

export type Failure = 'transient' | 'definite' | 'ambiguous';

/** Whether a failed command can have been executed, and whether sending it again can help. */
export function classifyFailure(error: Error): Failure {
  if (error.name !== 'ReplyError') return 'ambiguous';
  const code = replyCode(error);
  if (code === 'UNBLOCKED') return 'ambiguous';
  return TRANSIENT_REFUSALS.has(code) ? 'transient' : 'definite';
}

export function isNoScript(error: Error): boolean {
  return replyCode(error) === 'NOSCRIPT';
}

/** The first word of an error reply: `OOM command not allowed ...` -> `OOM`. */
function replyCode(error: Error): string {
  const message = error.message;
  const space = message.indexOf(' ');
  return space === -1 ? message : message.slice(0, space);
}
