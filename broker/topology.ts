import { BrokerError } from './broker-error.js';
import type { BrokerEvent } from './broker-event.js';
import type { ResolvedBrokerOptions } from './broker-options.js';
import { pause } from './clock.js';
import { FailoverManager } from './groups/failover-manager.js';
import type { Durability } from './log/message.js';
import { confirmations } from './redis/confirmations.js';
import type { Directory, Master, Place } from './redis/directory.js';
import type { Link } from './redis/link.js';
import { MasterLinks, type OpenMasterLinks } from './redis/master-links.js';
import { credentialsOf, type Network } from './redis/network.js';
import { persistOn } from './redis/persist.js';
import { type InspectionOptions, inspect, inspectAt } from './redis/server-inspection.js';
import { slotServedBy } from './redis/slot.js';

const REPLICAS_PATIENCE_MS = 2_000;
const REPLICAS_LOOK_MS = 50;
/** A replica that is down must not hold up connecting for long. */
const REPLICA_CHECK_MS = 1_000;
const NEW_MASTER_CHECK_MS = 10_000;

/** What all parts of one broker share: who is master, the links to masters, and the watch over them. */
export class Topology implements AsyncDisposable {
  readonly directory: Directory;
  readonly failover: FailoverManager;
  readonly openLinks: OpenMasterLinks;
  readonly #options: ResolvedBrokerOptions;
  readonly #network: Network;
  readonly #closed = new AbortController();
  /** Of new masters. */
  readonly #inspections = new Set<Promise<void>>();
  #durability: Durability;

  private constructor(options: ResolvedBrokerOptions, network: Network, directory: Directory) {
    this.#options = options;
    this.#network = network;
    this.directory = directory;
    this.#durability = options.durability ?? 'leader';
    const { redis, replyTimeoutMs, clock, random } = options;
    const { openLink } = network;
    const credentials = credentialsOf(redis);
    const onEvent = (event: BrokerEvent) => {
      options.onEvent(event);
      if (event.kind === 'failover' && event.step === 'verified') this.#inspectNewMaster(event.master);
    };
    const replicasNeeded = (master: Master) => this.#replicasNeeded(master);
    this.failover = new FailoverManager({
      directory,
      replicasNeeded,
      openLink,
      credentials,
      replyTimeoutMs,
      clock,
      random,
      onEvent,
    });
    this.openLinks = this.failover.openLinks;
  }

  /**
   * Finds the masters and checks that they, and the replicas that may become masters, are fit for the durability. Throws BrokerError: `connection` after `connectTimeoutMs`; at once where waiting does not help.
   */
  static async open(options: ResolvedBrokerOptions, network: Network): Promise<Topology> {
    const { redis: endpoint, clock, random, onEvent, connectTimeoutMs } = options;
    const directory = network.openDirectory({ endpoint, clock, random, onEvent });
    let topology: Topology | undefined;
    try {
      await directory.ready(connectTimeoutMs);
      topology = new Topology(options, network, directory);
      await topology.#replicasKnown();
      topology.#chooseDurability();
      await topology.#checkServers();
      return topology;
    } catch (error) {
      await (topology ?? directory)[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** As asked for; else `replicated` where every master has replicas. */
  get durability(): Durability {
    return this.#durability;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed.abort();
    this.failover[Symbol.dispose]();
    await Promise.all(this.#inspections);
    await this.directory[Symbol.asyncDispose]();
  }

  /** An authority that was started just now has to look for them. */
  async #replicasKnown(): Promise<void> {
    const { clock, durability } = this.#options;
    if (this.directory.topology === 'standalone' || durability === 'leader') return;
    const deadlineMs = clock.nowMs() + REPLICAS_PATIENCE_MS;
    while (!this.#hasReplicas && clock.nowMs() < deadlineMs) await pause(clock, REPLICAS_LOOK_MS);
  }

  /** As long as the broker lives: what a receipt promises does not change with a failover. */
  #chooseDurability(): void {
    const { durability, onEvent } = this.#options;
    if (durability !== undefined) return;
    const bare = this.#withoutReplicas;
    this.#durability = bare === undefined ? 'replicated' : 'leader';
    const reason =
      bare === undefined
        ? 'every master has replicas'
        : `no replica of ${bare.id} is known: a failover can lose what is acknowledged; add replicas` +
          `${this.directory.topology === 'standalone' ? ` and give their number as 'replicas'` : ''}, or ask for 'leader'`;
    onEvent({ kind: 'durability', durability: this.#durability, reason });
  }

  /** With `degrade` publishing goes on without. */
  #replicasNeeded(master: Master): number {
    const { onReplicaLoss } = this.#options;
    if (onReplicaLoss === 'degrade') return 0;
    return confirmations(this.#durability, onReplicaLoss, this.directory.census(master), 'publish');
  }

  get #hasReplicas(): boolean {
    return this.#withoutReplicas === undefined;
  }

  get #withoutReplicas(): Master | undefined {
    return this.directory.masters().find((master) => this.directory.census(master).configured === 0);
  }

  get #inspection(): InspectionOptions {
    const { redis, replyTimeoutMs, clock, random } = this.#options;
    return { openLink: this.#network.openLink, credentials: credentialsOf(redis), replyTimeoutMs, clock, random };
  }

  async #checkServers(): Promise<void> {
    const { clock, connectTimeoutMs } = this.#options;
    const { directory } = this;
    const refusal = deferredRefusal();
    using links = new MasterLinks({
      purpose: 'check',
      directory,
      ...this.#inspection,
      onEvent: () => {},
      onRefused: refusal.refuse,
    });
    const checks = directory.masters().map((master) => {
      const slot = slotServedBy(directory, master.id) ?? 0;
      return persistOn(links, slot, clock, connectTimeoutMs, (link) => this.#check(link, slot));
    });
    const replicas = directory.masters().flatMap((master) => directory.replicasOf(master));
    const all = [...checks, ...replicas.map((replica) => this.#checkReplica(replica))];
    await Promise.race([Promise.all(all), refusal.promise]);
  }

  async #check(link: Link, slot: number): Promise<void> {
    const { directory } = this;
    const master = directory.masterOf(slot);
    const replicas = master === undefined ? 0 : directory.census(master).configured;
    const { problems, notes } = await inspect(link, this.#durability, replicas);
    // The census of a master that is named no more is empty.
    if (master === undefined || directory.masterOf(slot)?.id !== master.id) {
      throw new BrokerError('connection', 'another master was named meanwhile');
    }
    if (problems.length > 0) throw new BrokerError('unsupported-server', `${master.id}: ${problems.join('; ')}`);
    for (const note of notes) this.#note(master.id, note);
  }

  /** It may be master tomorrow. */
  async #checkReplica(replica: Place): Promise<void> {
    try {
      const { signal } = this.#closed;
      const { problems, notes } = await inspectAt(
        replica,
        this.#inspection,
        this.#durability,
        REPLICA_CHECK_MS,
        signal,
      );
      if (problems.length > 0) {
        throw new BrokerError('unsupported-server', `${replica.id}, a replica: ${problems.join('; ')}`);
      }
      for (const note of notes) this.#note(replica.id, note);
    } catch (error) {
      if (error instanceof BrokerError && error.code === 'unsupported-server') throw error;
      this.#note(replica.id, `a replica that was not checked: ${(error as Error).message}`);
    }
  }

  #inspectNewMaster(id: string): void {
    const master = this.directory.masters().find((one) => one.id === id);
    if (master === undefined || this.#closed.signal.aborted) return;
    const inspection = this.#inspectMaster(master).finally(() => this.#inspections.delete(inspection));
    this.#inspections.add(inspection);
  }

  async #inspectMaster(master: Master): Promise<void> {
    const { signal } = this.#closed;
    try {
      const { problems } = await inspectAt(master, this.#inspection, this.#durability, NEW_MASTER_CHECK_MS, signal);
      for (const problem of problems) this.#note(master.id, `unfit for '${this.#durability}': ${problem}`);
    } catch (error) {
      if (!signal.aborted) this.#note(master.id, `a new master that was not checked: ${(error as Error).message}`);
    }
  }

  #note(server: string, note: string): void {
    this.#options.onEvent({ kind: 'server-note', server, note });
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
