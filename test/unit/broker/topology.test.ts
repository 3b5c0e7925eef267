import { beforeEach, describe, expect, it } from 'vitest';
import { type BrokerOptions, resolveBrokerOptions } from '../../../broker/broker-options.js';
import type { BrokerEvent } from '../../../broker/index.js';
import type { LinkOptions } from '../../../broker/redis/link.js';
import type { CommandArgument, OnReply } from '../../../broker/redis/wire-command.js';
import { Topology } from '../../../broker/topology.js';
import { FakeDirectory, master } from '../../fixtures/fake-directory.js';
import { FakeLink } from '../../fixtures/fake-link.js';
import { ManualClock } from '../../fixtures/manual-clock.js';
import { eventually } from '../../fixtures/redis-server.js';

const INFO = 'redis_version:7.0.15\r\nrole:master\r\nmaster_replid:h1\r\n';

/** What the servers of a test say of themselves, by port; those that are missing are down. */
interface Settings {
  readonly version?: string;
  readonly policy?: string;
}

/** A link to a server that answers at once, if there is one. */
class ServerLink extends FakeLink {
  readonly #server: Settings | undefined;

  constructor(options: LinkOptions, server: Settings | undefined) {
    super(options);
    this.#server = server;
    if (server !== undefined) queueMicrotask(() => this.greet());
    else this.lastReason = 'ECONNREFUSED';
  }

  override async whenOpen(): Promise<boolean> {
    await Promise.resolve();
    return this.isOpen;
  }

  override send(args: readonly [string, ...CommandArgument[]], onReply: OnReply): void {
    const { version = '7.0.15', policy = 'noeviction' } = this.#server ?? {};
    if (args[0] === 'INFO') onReply(undefined, Buffer.from(INFO.replace('7.0.15', version)));
    else onReply(undefined, ['maxmemory-policy', policy, 'appendonly', 'yes'].map(Buffer.from) as never);
  }
}

describe('a topology', () => {
  let servers: Map<number, Settings>;
  /** Whose probes are answered, whatever its settings. */
  let probed: Set<number>;
  let directory: FakeDirectory;
  let events: BrokerEvent[];

  beforeEach(() => {
    servers = new Map([
      [1, {}],
      [2, {}],
    ]);
    probed = new Set();
    directory = new FakeDirectory();
    directory.replicas = { configured: 1, down: 0 };
    directory.places = [master(2)];
    directory.name(master(1));
    events = [];
  });

  function open(options: Partial<BrokerOptions> = {}): Promise<Topology> {
    const onEvent = (event: BrokerEvent) => events.push(event);
    const redis = { host: '127.0.0.1', port: 1 };
    return Topology.open(resolveBrokerOptions({ redis, clock: new ManualClock(), onEvent, ...options }), {
      openDirectory: () => directory,
      openLink: (link) => {
        const { port } = link.address;
        const isProbe = link.name.startsWith('probe') && probed.has(port);
        return new ServerLink(link, isProbe ? {} : servers.get(port));
      },
    });
  }

  const notes = () =>
    events.flatMap((event) => (event.kind === 'server-note' ? [`${event.server} ${event.note}`] : []));

  it('of servers that are fit has nothing to say', async () => {
    await using _ = await open({ durability: 'replicated' });
    expect(events).toEqual([]);
  });

  it.each([
    ['evicts', { policy: 'allkeys-lru' }, /^127\.0\.0\.1:2, a replica: maxmemory-policy is 'allkeys-lru'/],
    ['is too old', { version: '6.2.14' }, /^127\.0\.0\.1:2, a replica: Redis 6\.2\.14: 7\.0 or later/],
  ])('is refused because of a replica that %s', async (_, settings, message) => {
    servers.set(2, settings);
    await expect(open()).rejects.toMatchObject({
      code: 'unsupported-server',
      message: expect.stringMatching(message),
    });
  });

  it('goes without a replica that is not reached, and says so', async () => {
    servers.delete(2);
    await using _ = await open({ durability: 'replicated' });
    expect(notes()).toEqual([expect.stringMatching(/^127\.0\.0\.1:2 a replica that was not checked: .*ECONNREFUSED/)]);
  });

  it.each([
    ['127.0.0.1:2 unfit for', { policy: 'volatile-ttl' }],
    ['127.0.0.1:2 a new master that was not checked', undefined],
  ])('looks at the master that comes after a failover: %s', async (note, settings) => {
    await using _topology = await open({ durability: 'replicated' });
    if (settings === undefined) servers.delete(2);
    else servers.set(2, settings);
    probed.add(2);
    directory.name(master(2, 2));
    await eventually(() => notes().length > 0);
    expect(notes()).toEqual([expect.stringContaining(note)]);
  });

  it.each([
    [1, 'sentinel', 'replicated', /^every master has replicas$/],
    [0, 'standalone', 'leader', /no replica of 127\.0\.0\.1:1 .*'replicas'/],
  ] as const)('with %i replicas (%s) chooses %s where nothing is asked for, and says why', async (...parts) => {
    const [configured, topology, durability, reason] = parts;
    directory.replicas = { configured, down: 0 };
    directory.topology = topology;
    await using opened = await open();
    expect(opened.durability).toBe(durability);
    expect(events).toContainEqual({ kind: 'durability', durability, reason: expect.stringMatching(reason) });
  });
});
