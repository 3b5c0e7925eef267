import { access, mkdir, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { delimiter, join } from 'node:path';
import { systemClock } from '../../harness/clock.js';
import { EnvironmentError } from '../../harness/environment/environment-error.js';
import { ServerProcess } from '../../harness/environment/server-process.js';
import type { BenchContext } from '../benchmark.js';
import type { Target } from './client.js';

export interface PeerServer {
  readonly target: Target;
  /** Its process group. */
  readonly group: number;
}

/** Places of Debian that are not on PATH, or hide behind a wrapper that changes the user and forgets the environment. */
const PLACES = {
  'nats-server': ['/usr/sbin'],
  'rabbitmq-server': ['/usr/lib/rabbitmq/bin'],
  rabbitmqctl: ['/usr/lib/rabbitmq/bin'],
  epmd: ['/usr/bin'],
} as const;
type Program = keyof typeof PLACES;

/** Undefined where `program` is installed, else what to do. */
export async function missingProgram(program: 'nats-server' | 'rabbitmq-server'): Promise<string | undefined> {
  if ((await findProgram(program)) !== undefined) return undefined;
  return `${program} is not installed: apt-get install ${program} (its service need not run)`;
}

/** A NATS server with JetStream, its store in a folder of this turn. */
export async function startNats(context: BenchContext): Promise<PeerServer> {
  const port = await context.registry.claimPort();
  const store = join(context.dir, 'nats');
  await mkdir(store);
  const args = ['--addr', '127.0.0.1', '--port', String(port), '--jetstream', '--store_dir', store];
  return startServer(context, { program: 'nats-server', args, port, home: store, env: {} });
}

/** One RabbitMQ node with an epmd of its own, so that nothing stays when it ends. */
export async function startRabbitmq(context: BenchContext): Promise<PeerServer> {
  const { registry, dir } = context;
  const home = join(dir, 'rabbitmq');
  await mkdir(home);
  const [port, distPort, epmdPort] = [
    await registry.claimPort(),
    await registry.claimPort(),
    await registry.claimPort(),
  ];
  const env = {
    HOME: home,
    ERL_EPMD_PORT: String(epmdPort),
    ERL_EPMD_ADDRESS: '127.0.0.1',
    RABBITMQ_NODENAME: 'bench@localhost',
    RABBITMQ_NODE_IP_ADDRESS: '127.0.0.1',
    RABBITMQ_NODE_PORT: String(port),
    RABBITMQ_DIST_PORT: String(distPort),
    RABBITMQ_MNESIA_BASE: home,
    RABBITMQ_LOG_BASE: home,
    RABBITMQ_LOGS: '-',
    RABBITMQ_CONF_ENV_FILE: join(home, 'rabbitmq-env.conf'),
    RABBITMQ_CONFIG_FILE: join(home, 'rabbitmq.conf'),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(home, 'enabled_plugins'),
  };
  await Promise.all([
    writeFile(env.RABBITMQ_CONF_ENV_FILE, ''),
    writeFile(env.RABBITMQ_CONFIG_FILE, ''),
    writeFile(env.RABBITMQ_ENABLED_PLUGINS_FILE, '[].\n'),
  ]);
  const epmdArgs = ['-port', String(epmdPort), '-address', '127.0.0.1'];
  await startServer(context, { program: 'epmd', args: epmdArgs, port: epmdPort, home, env: {} });
  return startServer(context, { program: 'rabbitmq-server', args: [], port, home, env });
}

interface Start {
  readonly program: Program;
  readonly args: readonly string[];
  readonly port: number;
  readonly home: string;
  readonly env: Readonly<Record<string, string>>;
}

async function startServer(context: BenchContext, { program, args, port, home, env }: Start): Promise<PeerServer> {
  const command = await findProgram(program);
  if (command === undefined) throw new EnvironmentError('missing-binary', `${program} is not installed.`);
  const server = context.disposal.use(
    new ServerProcess({
      name: program,
      command,
      args,
      env,
      cwd: home,
      logPath: join(context.dir, `${program}.log`),
      isReady: () => listens(port),
      explainExit: (log) => new EnvironmentError('ended', `${program} ended before it answered:\n${log}`),
      registry: context.registry,
      clock: systemClock,
      onUnexpectedExit: ({ logTail }) => process.stderr.write(`${program} ended in mid-run:\n${logTail}\n`),
    }),
  );
  await server.start(context.signal);
  return { target: { host: '127.0.0.1', port }, group: server.pid! };
}

/** Its path, also where that is not on PATH. */
export async function findProgram(program: Program): Promise<string | undefined> {
  for (const folder of [...PLACES[program], ...(process.env.PATH ?? '').split(delimiter)]) {
    const path = join(folder, program);
    const exists = await access(path).then(
      () => true,
      () => false,
    );
    if (exists) return path;
  }
  return undefined;
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('close', () => resolve(false)).once('connect', () => socket.destroy());
  });
}
