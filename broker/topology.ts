import { BrokerError } from './broker-error.js';
import type { ResolvedBrokerOptions } from './broker-options.js';
import { pause } from './clock.js';
import { FailoverManager } from './groups/failover-manager.js';
import type { Durability } from './log/message.js';
import type { Directory } from './redis/directory.js';
import { parseFlatMap } from './redis/flat-map.js';
import type { Link } from './redis/link.js';
import { MasterLinks, type OpenMasterLinks } from './redis/master-links.js';
import { credentialsOf, type Network } from './redis/network.js';
import { persistOn } from './redis/persist.js';
import { CHECKED_SETTINGS, checkServer } from './redis/server-checks.js';
import { slotServedBy } from './redis/slot.js';

const REPLICAS_PATIENCE_MS = 2_000;
const REPLICAS_LOOK_MS = 50;

/** What all parts of one broker share: who is master, the links to masters, and the watch over them. */
export class Topology implements AsyncDisposable {
  readonly directory: Directory;
  readonly failover: FailoverManager;
  readonly openLinks: OpenMasterLinks;
  readonly #options: ResolvedBrokerOptions;
  readonly #network: Network;

  private constructor(options: ResolvedBrokerOptions, network: Network, directory: Directory) {
    this.#options = options;
    this.#network = network;
    this.directory = directory;
    const { redis, replyTimeoutMs, clock, random, onEvent } = options;
    const { openLink } = network;
    const credentials = credentialsOf(redis);
    this.failover = new FailoverManager({ directory, openLink, credentials, replyTimeoutMs, clock, random, onEvent });
    this.openLinks = this.failover.openLinks;
  }

  /**
   * Finds the masters and checks that they are fit for the durability (`durabilityOf` chooses one where the options leave
   * it open). Throws BrokerError: `connection` after `connectTimeoutMs`; at once where waiting does not help.
   */
  static async open(options: ResolvedBrokerOptions, network: Network): Promise<Topology> {
    const { redis: endpoint, clock, random, onEvent, connectTimeoutMs } = options;
    const directory = network.openDirectory({ endpoint, clock, random, onEvent });
    let topology: Topology | undefined;
    try {
      await directory.ready(connectTimeoutMs);
      topology = new Topology(options, network, directory);
      await topology.#replicasKnown();
      await topology.#checkServers(topology.durability);
      return topology;
    } catch (error) {
      await (topology ?? directory)[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** As asked for; else `replicated` where every master has replicas. */
  get durability(): Durability {
    return this.#options.durability ?? (this.#hasReplicas ? 'replicated' : 'leader');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.failover[Symbol.dispose]();
    await this.directory[Symbol.asyncDispose]();
  }

  /** An authority that was started just now has to look for them. */
  async #replicasKnown(): Promise<void> {
    const { clock, durability } = this.#options;
    if (this.directory.topology === 'standalone' || durability === 'leader') return;
    const deadlineMs = clock.nowMs() + REPLICAS_PATIENCE_MS;
    while (!this.#hasReplicas && clock.nowMs() < deadlineMs) await pause(clock, REPLICAS_LOOK_MS);
  }

  get #hasReplicas(): boolean {
    return this.directory.masters().every((master) => this.directory.census(master).configured > 0);
  }

  async #checkServers(durability: Durability): Promise<void> {
    const { redis, replyTimeoutMs, clock, random, connectTimeoutMs } = this.#options;
    const { directory } = this;
    const refusal = deferredRefusal();
    using links = new MasterLinks({
      purpose: 'check',
      directory,
      openLink: this.#network.openLink,
      credentials: credentialsOf(redis),
      replyTimeoutMs,
      clock,
      random,
      onEvent: () => {},
      onRefused: refusal.refuse,
    });
    const checks = directory.masters().map((master) => {
      const slot = slotServedBy(directory, master.id) ?? 0;
      return persistOn(links, slot, clock, connectTimeoutMs, (link) => this.#check(link, slot, durability));
    });
    await Promise.race([Promise.all(checks), refusal.promise]);
  }

  async #check(link: Link, slot: number, durability: Durability): Promise<void> {
    const master = this.directory.masterOf(slot);
    const info = String(await link.call('INFO'));
    const config = await readSettings(link);
    // The census of a master that is named no more is empty.
    if (master === undefined || this.directory.masterOf(slot)?.id !== master.id) {
      throw new BrokerError('connection', 'another master was named meanwhile');
    }
    const replicas = this.directory.census(master).configured;
    const { problems, notes } = checkServer({ info, config, replicas }, durability);
    if (problems.length > 0) throw new BrokerError('unsupported-server', `${master.id}: ${problems.join('; ')}`);
    for (const note of notes) this.#options.onEvent({ kind: 'server-note', server: master.id, note });
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

function deferredRefusal(): { readonly promise: Promise<never>; readonly refuse: (error: BrokerError) => void } {
  let refuse: (error: BrokerError) => void = () => {};
  const promise = new Promise<never>((_, reject) => {
    refuse = reject;
  });
  promise.catch(() => {});
  return { promise, refuse };
}
