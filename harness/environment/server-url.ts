import { UsageError } from '../errors.js';
import type { RedisAddress } from './redis-probe.js';

export interface HostPort {
  readonly host: string;
  readonly port: number;
}

const REDIS_PORT = 6379;
const TOXIPROXY_PORT = 8474;

/** `redis://[user][:password@]host[:port]`. Throws a {@link UsageError} that names the flag. */
export function parseRedisUrl(text: string): RedisAddress {
  const expected = 'expected redis://[user:password@]host:port';
  const url = parseUrl('--redis', text, expected);
  if (url.protocol === 'rediss:') {
    throw new UsageError('bad-flag', `--redis ${hidePassword(url)}: TLS is not supported; ${expected}.`);
  }
  if (url.protocol !== 'redis:') throw new UsageError('bad-flag', `--redis ${hidePassword(url)}: ${expected}.`);
  if (!['', '/', '/0'].includes(url.pathname)) {
    throw new UsageError(
      'bad-flag',
      `--redis ${hidePassword(url)}: only database 0 is used; leave out "${url.pathname}".`,
    );
  }
  return {
    ...hostPort(url, REDIS_PORT),
    ...(url.username === '' ? {} : { username: decodeURIComponent(url.username) }),
    ...(url.password === '' ? {} : { password: decodeURIComponent(url.password) }),
  };
}

/** `http://host[:port]`, Toxiproxy's control API. */
export function parseToxiproxyUrl(text: string): HostPort {
  const expected = 'expected http://host:port of the control API';
  // Under its own scheme the parser would drop port 80 as if it had not been written.
  const url = text.startsWith('http://') ? parseUrl('--toxiproxy', text.replace('http:', 'tcp:'), expected) : undefined;
  if (url === undefined || !['', '/'].includes(url.pathname)) {
    throw new UsageError('bad-flag', `--toxiproxy ${text}: ${expected}.`);
  }
  return hostPort(url, TOXIPROXY_PORT);
}

/** `host:port`. */
export function parseUpstream(text: string): HostPort {
  const expected = 'expected host:port, as Toxiproxy reaches Redis';
  if (text.includes('://')) throw new UsageError('bad-flag', `--redis-upstream ${text}: ${expected}.`);
  const url = parseUrl('--redis-upstream', `tcp://${text}`, expected);
  if (url.port === '') throw new UsageError('bad-flag', `--redis-upstream ${text}: ${expected}.`);
  return hostPort(url, REDIS_PORT);
}

/** As it is written in an address: IPv6 in brackets. */
export function formatAddress({ host, port }: HostPort): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

function parseUrl(flag: string, text: string, expected: string): URL {
  let url: URL;
  try {
    url = new URL(text);
  } catch (cause) {
    throw new UsageError('bad-flag', `${flag} ${text.replace(/\/\/.*@/, '//')}: ${expected}.`, { cause });
  }
  if (url.hostname === '') throw new UsageError('bad-flag', `${flag} ${text}: ${expected}.`);
  return url;
}

function hostPort(url: URL, defaultPort: number): HostPort {
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  return { host, port: url.port === '' ? defaultPort : Number(url.port) };
}

function hidePassword(url: URL): string {
  const shown = new URL(url);
  if (shown.password !== '') shown.password = '***';
  return shown.href;
}
