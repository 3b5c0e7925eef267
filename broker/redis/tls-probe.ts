import { connect as connectTcp, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import { BrokerError } from '../broker-error.js';
import type { CancelTimer, Clock } from '../clock.js';
import type { RedisAddress } from './link.js';

/** Asks a server that gave no greeting whether TLS is on at one end only; undefined: nothing shows that. Returns what ends it. */
export type ProbeTls = (
  address: RedisAddress,
  clock: Clock,
  onVerdict: (mismatch: BrokerError | undefined) => void,
) => CancelTimer;

const TIMEOUT_MS = 2_000;
/** Redis answers this inline command in any state: with PONG, or with an error. */
const QUESTION = 'PING\r\n';
/** First byte of every TLS record. */
const TLS_RECORD = { first: 0x14, last: 0x17 } as const;

/**
 * Tries the other way once: a TLS greeting where the address is configured without, a plain question where it is with. Only
 * an answer decides. A server that is starting and a proxy with nothing behind it accept and close whatever is said to
 * them, so they are never taken for one with, or without, TLS. No credentials are sent.
 */
export const probeTls: ProbeTls = (address, clock, onVerdict) => {
  const { host, port, tls } = address;
  let isOver = false;
  const end = (isMismatch: boolean) => {
    if (isOver) return;
    isOver = true;
    cancelTimeout();
    socket.destroy();
    onVerdict(isMismatch ? tlsMismatch(address) : undefined);
  };
  const cancelTimeout = clock.after(TIMEOUT_MS, () => end(false));
  const socket = tls ? askPlainly(host, port, end) : greetInTls(host, port, end);
  socket.on('close', () => end(false));
  return () => {
    isOver = true;
    cancelTimeout();
    socket.destroy();
  };
};

function askPlainly(host: string, port: number, end: (isMismatch: boolean) => void): Socket {
  const socket = connectTcp({ host, port }, () => socket.write(QUESTION));
  socket.once('data', ([first = 0]) => end(first < TLS_RECORD.first || first > TLS_RECORD.last));
  socket.on('error', () => end(false));
  return socket;
}

function greetInTls(host: string, port: number, end: (isMismatch: boolean) => void): Socket {
  const options = { host, port, rejectUnauthorized: false, ...serverName(host) };
  const socket = connectTls(options, () => end(true));
  // An alert is an answer in TLS: that of a server that wants a certificate of ours, for one.
  socket.on('error', ({ code = '' }: NodeJS.ErrnoException) => end(/^ERR_SSL_.*ALERT/.test(code)));
  return socket;
}

function tlsMismatch({ host, port, tls }: RedisAddress): BrokerError {
  const what = tls
    ? `it does not speak TLS: leave 'tls' out, or give the port with TLS`
    : `the server seems to expect TLS: set 'tls'`;
  return new BrokerError('protocol', `${host}:${port}: ${what}`);
}

/** Node refuses an IP address as a server name. */
export function serverName(host: string): ConnectionOptions {
  return /^[\d.]+$|:/.test(host) ? {} : { servername: host };
}
