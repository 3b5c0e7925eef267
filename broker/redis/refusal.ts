import { BrokerError } from '../broker-error.js';
import type { RedisAddress } from './link.js';

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

/** The server is a master no more: whoever holds a connection to it has to look for the master again. */
export function isDemotion(error: Error): boolean {
  if (error.name !== 'ReplyError') return false;
  const code = replyCode(error);
  return code === 'READONLY' || code === 'UNBLOCKED';
}

/** Another node is responsible for the slot, or will be soon: the directory has to be asked again. */
export function isRedirection(error: Error): boolean {
  if (error.name !== 'ReplyError') return false;
  return REDIRECTIONS.has(replyCode(error));
}

const REDIRECTIONS: ReadonlySet<string> = new Set(['MOVED', 'ASK', 'TRYAGAIN', 'CLUSTERDOWN', 'READONLY']);

const AUTHENTICATION: ReadonlySet<string> = new Set(['WRONGPASS', 'NOAUTH', 'NOPERM', 'DENIED']);
/** Some servers answer what is not TLS with a TLS alert. */
const TLS_RECORD = /^Unknown RESP type 2[0-3]\b/;
const CERTIFICATE =
  /^(DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_|CERT_|ERR_TLS_CERT_ALTNAME_INVALID)/;

/** Why a connection cannot be opened, if another attempt cannot help: with the place and the remedy. */
export function refusalOf(error: NodeJS.ErrnoException, address: RedisAddress): BrokerError | undefined {
  const place = `${address.host}:${address.port}`;
  const refused = (code: 'unauthorized' | 'protocol' | 'bad-option', remedy: string) =>
    new BrokerError(code, `${place}: ${error.message}: ${remedy}`, { cause: error });
  if (error.name === 'ReplyError') {
    if (AUTHENTICATION.has(replyCode(error))) {
      return refused('unauthorized', `check 'username' and 'password', and what the ACL of that user allows`);
    }
    if (/DB index|SELECT is not allowed/.test(error.message)) {
      return refused('bad-option', `'db' is ${address.db}; a cluster has only 0`);
    }
    return undefined;
  }
  if (!address.tls && TLS_RECORD.test(error.message)) {
    return refused('protocol', `the server seems to expect TLS: set 'tls'`);
  }
  if (/^Unknown RESP type/.test(error.message)) {
    return refused('protocol', address.tls ? 'no Redis answers there' : `no Redis answers there, or it wants 'tls'`);
  }
  const code = error.code ?? '';
  if (CERTIFICATE.test(code)) return refused('protocol', `its certificate is not trusted: give its CA as 'tls.ca'`);
  if (code === 'EPROTO' || code.startsWith('ERR_SSL')) return refused('protocol', `no TLS there: leave 'tls' out`);
  return undefined;
}
