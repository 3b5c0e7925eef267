import { connect } from 'node:net';
import type { Clock } from '../clock.js';
import { NS_PER_MS } from '../clock.js';

export interface ProbeAddress {
  readonly host: string;
  readonly port: number;
  readonly password?: string;
}

/** What one request over a fresh connection met with. A fresh one, because Toxiproxy rolls toxicity per connection. */
export interface Exchange {
  /**
   * `replied`: all expected bytes came. `silent`: they did not by the deadline, the connection was still open.
   * `closed`, `reset`: the other side ended it, in order or by RST. `refused`: nobody listens. `unreachable`: no
   * connection for another reason, or not by the deadline.
   */
  readonly outcome: 'replied' | 'silent' | 'closed' | 'reset' | 'refused' | 'unreachable';
  /** From the hand-over of the request (from the connect, if it came to none) to the outcome. */
  readonly elapsedMs: number;
  readonly bytes: number;
  /** Reads in which the reply arrived. */
  readonly pieces: number;
}

export interface ExchangeRequest {
  readonly request: Buffer;
  /** Bytes of a complete reply. */
  readonly replyBytes: number;
  readonly deadlineMs: number;
}

const PING = Buffer.from('PING\r\n');
const PONG_BYTES = '+PONG\r\n'.length;

/** An ECHO whose request and reply both carry `payloadBytes`. */
export function echo(payloadBytes: number, deadlineMs: number): ExchangeRequest {
  const head = `$${payloadBytes}\r\n`;
  const request = Buffer.concat([
    Buffer.from(`*2\r\n$4\r\nECHO\r\n${head}`),
    Buffer.alloc(payloadBytes, 'x'),
    Buffer.from('\r\n'),
  ]);
  return { request, replyBytes: head.length + payloadBytes + 2, deadlineMs };
}

export function pings(count: number, deadlineMs: number): ExchangeRequest {
  return { request: Buffer.concat(Array(count).fill(PING)), replyBytes: count * PONG_BYTES, deadlineMs };
}

export function ping(address: ProbeAddress, deadlineMs: number, clock: Clock, signal: AbortSignal): Promise<Exchange> {
  return exchange(address, pings(1, deadlineMs), clock, signal);
}

/** Connects, sends, counts what comes back, closes. Never rejects but for `signal`. */
export async function exchange(
  address: ProbeAddress,
  { request, replyBytes, deadlineMs }: ExchangeRequest,
  clock: Clock,
  signal: AbortSignal,
): Promise<Exchange> {
  signal.throwIfAborted();
  const auth = address.password === undefined ? Buffer.alloc(0) : authRequest(address.password);
  const expectedBytes = replyBytes + (auth.length === 0 ? 0 : '+OK\r\n'.length);
  let sinceNs = clock.nowNs();
  let connected = false;
  let bytes = 0;
  let pieces = 0;
  const socket = connect({ host: address.host, port: address.port });
  socket.setNoDelay(true);
  const timer = new AbortController();
  try {
    const outcome = await new Promise<Exchange['outcome']>((resolve, reject) => {
      const onAbort = () => reject(signal.reason);
      signal.addEventListener('abort', onAbort, { once: true });
      timer.signal.addEventListener('abort', () => signal.removeEventListener('abort', onAbort));
      clock.sleep(deadlineMs, timer.signal).then(
        () => resolve(connected ? 'silent' : 'unreachable'),
        () => {},
      );
      socket.on('connect', () => {
        connected = true;
        sinceNs = clock.nowNs();
        socket.write(Buffer.concat([auth, request]));
      });
      socket.on('data', (data) => {
        bytes += data.length;
        pieces += 1;
        if (bytes >= expectedBytes) resolve('replied');
      });
      socket.on('error', (error: NodeJS.ErrnoException) => resolve(outcomeOf(error, connected)));
      socket.on('close', () => resolve(connected ? 'closed' : 'unreachable'));
    });
    return { outcome, elapsedMs: (clock.nowNs() - sinceNs) / NS_PER_MS, bytes, pieces };
  } finally {
    timer.abort();
    socket.destroy();
  }
}

/**
 * What is normal: probed up to three times until one is good enough, else the last. A stall of this machine must not pass
 * for the link's own slowness.
 */
export async function settledProbe<T>(probe: () => Promise<T>, isGood: (seen: T) => boolean): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    const seen = await probe();
    if (isGood(seen) || attempt === 3) return seen;
  }
}

/** How long the other side takes to close after this side did (`open`: longer than `deadlineMs`). */
export async function timeToClose(
  address: ProbeAddress,
  deadlineMs: number,
  clock: Clock,
  signal: AbortSignal,
): Promise<{ readonly outcome: 'closed' | 'open' | 'unreachable'; readonly elapsedMs: number }> {
  // The reply shows that the proxy has its connection to the server: without one it would close at once.
  signal.throwIfAborted();
  const socket = connect({ host: address.host, port: address.port, allowHalfOpen: true });
  const timer = new AbortController();
  let sinceNs = clock.nowNs();
  let ended = false;
  try {
    const outcome = await new Promise<'closed' | 'open' | 'unreachable'>((resolve, reject) => {
      const onAbort = () => reject(signal.reason);
      signal.addEventListener('abort', onAbort, { once: true });
      timer.signal.addEventListener('abort', () => signal.removeEventListener('abort', onAbort));
      const startTimer = (meaning: 'open' | 'unreachable') =>
        void clock.sleep(deadlineMs, timer.signal).then(
          () => {
            if (meaning === 'open' || !ended) resolve(meaning);
          },
          () => {},
        );
      startTimer('unreachable');
      socket.on('connect', () => socket.write(PING));
      socket.once('data', () => {
        ended = true;
        sinceNs = clock.nowNs();
        socket.end();
        startTimer('open');
      });
      const onGone = () => resolve(ended ? 'closed' : 'unreachable');
      socket.on('error', onGone).on('end', onGone).on('close', onGone);
    });
    return { outcome, elapsedMs: (clock.nowNs() - sinceNs) / NS_PER_MS };
  } finally {
    timer.abort();
    socket.destroy();
  }
}

function outcomeOf(error: NodeJS.ErrnoException, connected: boolean): Exchange['outcome'] {
  if (!connected) return error.code === 'ECONNREFUSED' ? 'refused' : 'unreachable';
  return error.code === 'ECONNRESET' || error.code === 'EPIPE' ? 'reset' : 'closed';
}

function authRequest(password: string): Buffer {
  return Buffer.from(`*2\r\n$4\r\nAUTH\r\n$${Buffer.byteLength(password)}\r\n${password}\r\n`);
}

/** For the report: `no answer for 400 ms`, `answered in 0.4 ms`. */
export function describeExchange({ outcome, elapsedMs, bytes }: Exchange): string {
  const time = formatMs(elapsedMs);
  switch (outcome) {
    case 'replied':
      return `answered in ${time}`;
    case 'silent':
      return `no answer for ${time}`;
    case 'closed':
      return `closed after ${time} and ${bytes} bytes`;
    case 'reset':
      return `reset after ${time}`;
    case 'refused':
      return 'connection refused';
    case 'unreachable':
      return 'no connection';
    default:
      return outcome satisfies never;
  }
}

/** `0.42 ms`, `21.3 ms`, `1200 ms`. */
export function formatMs(ms: number): string {
  return `${ms < 1 ? ms.toFixed(2) : ms < 100 ? ms.toFixed(1) : ms.toFixed(0)} ms`;
}
