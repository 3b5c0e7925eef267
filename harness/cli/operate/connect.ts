import type { Command } from 'commander';
import {
  BrokerError,
  MessageBroker,
  type OnBrokerEvent,
  type RedisAddress,
  type RedisEndpoint,
} from '../../../broker/index.js';
import { parseRedisUrl } from '../../environment/server-url.js';
import { HarnessError, UsageError } from '../../errors.js';
import { EXIT, type ExitCode } from '../../exit-codes.js';

/** Where the broker's Redis is. */
export interface ServerFlags {
  readonly redis?: string;
  readonly sentinels?: string;
  readonly master?: string;
  readonly cluster?: string;
}

/** What the broker refused or failed at. Exit code 2 where the call was wrong, 3 where Redis cannot serve it. */
class OperationError extends HarnessError {
  override readonly name = 'OperationError';
  readonly code: BrokerError['code'];
  readonly exitCode: ExitCode;

  constructor(cause: BrokerError) {
    super(cause.message, { cause });
    this.code = cause.code;
    this.exitCode = CALLERS_FAULT.has(cause.code) ? EXIT.usage : EXIT.environment;
  }
}

const CALLERS_FAULT: ReadonlySet<BrokerError['code']> = new Set(['bad-option', 'topic-missing', 'group-missing']);
const DEFAULT_URL = 'redis://127.0.0.1:6379';
/** A URL on the command line is seen by everybody on the machine. */
const URL_VARIABLE = 'GAUNTLET_REDIS_URL';

export function withServerFlags(command: Command): Command {
  return command
    .option('--redis <url>', `redis://[user:password@]host:port; default: ${URL_VARIABLE}, or ${DEFAULT_URL}`)
    .option('--sentinels <addresses>', 'host:port,... of the Sentinels instead; user and password come from --redis')
    .option('--master <name>', 'of the master that the Sentinels monitor', 'mymaster')
    .option('--cluster <addresses>', 'host:port,... of some nodes of a cluster instead');
}

/** Connects for the time of `action`. Throws a HarnessError. */
export async function withBroker<T>(
  flags: ServerFlags,
  action: (broker: MessageBroker) => Promise<T>,
  onEvent: OnBrokerEvent = () => {},
): Promise<T> {
  const redis = endpointOf(flags, process.env[URL_VARIABLE]);
  try {
    await using broker = await MessageBroker.connect({ redis, onEvent });
    return await action(broker);
  } catch (error) {
    throw error instanceof BrokerError ? new OperationError(error) : error;
  }
}

/** Throws UsageError. */
export function endpointOf(flags: ServerFlags, fromEnvironment: string | undefined): RedisEndpoint {
  const { sentinels, cluster, master = 'mymaster' } = flags;
  const address: RedisAddress = parseRedisUrl(flags.redis ?? fromEnvironment ?? DEFAULT_URL);
  if (sentinels !== undefined && cluster !== undefined) {
    throw new UsageError('bad-flag', '--sentinels and --cluster: one of them; a cluster has no Sentinels.');
  }
  if (sentinels === undefined && cluster === undefined) return address;
  const { host: _host, port: _port, ...credentials } = address;
  if (sentinels !== undefined) return { sentinels: addresses('--sentinels', sentinels), master, ...credentials };
  return { cluster: addresses('--cluster', cluster as string), ...credentials };
}

function addresses(flag: string, text: string): { readonly host: string; readonly port: number }[] {
  return text.split(',').map((one) => {
    const match = /^(?:\[([0-9a-f:]+)\]|([^\s:[\]]+)):(\d+)$/i.exec(one.trim());
    const port = Number(match?.[3]);
    if (match !== null && port > 0 && port < 65_536) return { host: (match[1] ?? match[2]) as string, port };
    throw new UsageError('bad-flag', `${flag} ${text}: '${one}' is no address; expected host:port,host:port,...`);
  });
}
