import { BrokerError } from '../broker-error.js';
import type { Clock } from '../clock.js';
import type { Durability } from '../log/message.js';
import type { Random } from '../random.js';
import type { Place } from './directory.js';
import { parseFlatMap } from './flat-map.js';
import type { Link, OpenLink, RedisCredentials } from './link.js';
import { CHECKED_SETTINGS, checkServer, type ServerVerdict } from './server-checks.js';

export interface InspectionOptions {
  readonly openLink: OpenLink;
  readonly credentials: RedisCredentials & { readonly db?: number };
  readonly replyTimeoutMs: number;
  readonly clock: Clock;
  readonly random: Random;
}

/** Asks the server that `link` leads to. `replicas`: that belong to it, by the directory; undefined where that is no matter. */
export async function inspect(link: Link, durability: Durability, replicas?: number): Promise<ServerVerdict> {
  const info = String(await link.call('INFO'));
  return checkServer({ info, config: await readSettings(link), replicas }, durability);
}

/**
 * The same on a connection of its own, whatever the server's role. Throws BrokerError when that is not open, or breaks,
 * within `withinMs`, when the server refuses it for good, and when `signal` aborts.
 */
export async function inspectAt(
  { host, port, id }: Place,
  { openLink, credentials, ...shared }: InspectionOptions,
  durability: Durability,
  withinMs: number,
  signal: AbortSignal,
): Promise<ServerVerdict> {
  const ended = new AbortController();
  const end = () => ended.abort();
  const cancel = shared.clock.after(withinMs, end);
  signal.addEventListener('abort', end, { once: true });
  let refusal: BrokerError | undefined;
  const link = openLink({
    ...shared,
    name: `check@${id}`,
    address: { ...credentials, host, port },
    onOpen: () => {},
    onClosed: () => {},
    onRefused: (error) => {
      refusal = error;
      end();
    },
  });
  try {
    if (!signal.aborted && (await link.whenOpen(ended.signal))) return await inspect(link, durability);
    throw refusal ?? new BrokerError('connection', `not reached within ${withinMs} ms: ${link.lastReason}`);
  } finally {
    cancel();
    signal.removeEventListener('abort', end);
    link.close();
  }
}

/** Undefined where the server does not allow it. */
async function readSettings(link: Link): Promise<ReadonlyMap<string, string> | undefined> {
  try {
    return parseFlatMap(await link.call('CONFIG', 'GET', ...CHECKED_SETTINGS));
  } catch (error) {
    if ((error as Error).name !== 'ReplyError') throw error;
    return undefined;
  }
}
