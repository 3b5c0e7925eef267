import type { Command } from 'commander';
import { type Binary, isRequired } from '../environment/binaries/binary.js';
import { describeMissing, findBinaries, installBinaries } from '../environment/binaries/ensure-binaries.js';
import { EnvironmentError } from '../environment/environment-error.js';
import { DEFAULT_REDIS_URL, DEFAULT_TOXIPROXY_URL, findExternalServers } from '../environment/external-servers.js';
import { UsageError } from '../errors.js';
import { abortOnSignals } from '../run/interrupt.js';

interface SetupFlags {
  readonly check?: boolean;
  readonly with?: string;
  readonly redisServer?: string;
  readonly toxiproxyServer?: string;
  readonly redis?: string;
  readonly toxiproxy?: string;
}

const EXAMPLES = `
Looks for Redis (7.0 or later) and Toxiproxy (2.12.0) at the explicit path, on PATH and in the cache (~/.cache/gauntlet,
or GAUNTLET_CACHE), and installs what is missing: Redis by apt or brew, without a system service; Toxiproxy by a verified
download or by go install. Says what it does on stderr. Exit code 3 when something is still missing.

Examples:
  $ gauntlet setup
  $ gauntlet setup --check                      report only, install nothing
  $ gauntlet setup --redis-server /opt/redis/bin
  $ gauntlet setup --redis redis://127.0.0.1:6379 --toxiproxy http://127.0.0.1:8474
                                                servers that run already: asked, nothing is installed
  $ GAUNTLET_TOXIPROXY_SERVER=/opt/toxiproxy-server gauntlet setup`;

export function registerSetup(program: Command): void {
  program
    .command('setup')
    .description('find or install what runs need; cached, safe to repeat')
    .option('--check', 'only report; exit with 3 when something is missing')
    .option('--with <parts>', 'optional parts to set up as well (none exists yet)')
    .option('--redis-server <path>', 'redis-server, or the folder that holds it')
    .option('--toxiproxy-server <path>', 'toxiproxy-server, or the folder that holds it')
    .option('--redis <url>', 'a Redis that runs already, for gauntlet run --env external')
    .option('--toxiproxy <url>', 'control API of a Toxiproxy that runs already')
    .addHelpText('after', EXAMPLES)
    .action(setup);
}

async function setup(flags: SetupFlags): Promise<void> {
  if (flags.with !== undefined) {
    throw new UsageError(
      'bad-flag',
      `--with ${flags.with}: there are no optional parts yet. \`gauntlet setup\` without it sets up Redis and Toxiproxy.`,
    );
  }
  if (flags.redis !== undefined || flags.toxiproxy !== undefined) {
    await checkServers(flags);
    return;
  }
  const log = (message: string) => process.stderr.write(`${message}\n`);
  using interrupt = abortOnSignals(log);
  const options = {
    explicit: {
      ...(flags.redisServer === undefined ? {} : { redisServer: flags.redisServer }),
      ...(flags.toxiproxyServer === undefined ? {} : { toxiproxyServer: flags.toxiproxyServer }),
    },
    log,
    signal: interrupt.signal,
  };
  const { found, missing } = flags.check ? await findBinaries(options) : await installBinaries(options);
  for (const binary of found) process.stdout.write(`${describeBinary(binary)}\n`);
  const needed = missing.filter(({ name }) => isRequired(name));
  if (needed.length === 0) return;
  const remedy = flags.check ? '\nOr let `gauntlet setup` try to install it.' : '';
  throw new EnvironmentError('missing-binary', `${describeMissing(needed)}${remedy}`);
}

/** Both, since a run needs both: the one that is not named is looked for where `gauntlet run` would. */
async function checkServers(flags: SetupFlags): Promise<void> {
  if (flags.redisServer !== undefined || flags.toxiproxyServer !== undefined) {
    throw new UsageError(
      'bad-flag',
      'Give either programs (--redis-server, --toxiproxy-server) or servers that run already (--redis, --toxiproxy): a run uses the one or the other.',
    );
  }
  const { redis = DEFAULT_REDIS_URL, toxiproxy = DEFAULT_TOXIPROXY_URL } = flags;
  for (const { name, version, url } of await findExternalServers(redis, toxiproxy)) {
    process.stdout.write(`${name.padEnd(17)} ${version.padEnd(8)} ${url} (runs already)\n`);
  }
  process.stdout.write('Nothing was installed or noted down: name both again with gauntlet run --env external.\n');
}

/** `redis-server      7.0.15  /usr/bin/redis-server (PATH)` */
export function describeBinary({ name, version, path, source }: Binary): string {
  return `${name.padEnd(17)} ${version.padEnd(8)} ${path} (${source})`;
}
