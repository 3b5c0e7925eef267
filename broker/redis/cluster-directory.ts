import { BrokerError } from '../broker-error.js';
import { ChangeSignal } from './change-signal.js';
import { ClusterClient } from './cluster-client.js';
import { ClusterMap } from './cluster-map.js';
import type { Directory, Master, Place, ReplicaCensus } from './directory.js';
import { type ClusterEndpoint, clientPlace, credentialsOf, type DirectoryOptions } from './network.js';
import { Poller } from './poller.js';
import { RecentCensus } from './recent-census.js';
import { ReplicaLosses } from './replica-losses.js';

/** While a replica is missed, nodes are asked this often within the time for which their word counts. */
const QUESTIONS_PER_FRESHNESS = 3;
const NONE: ReplicaCensus = { configured: 0, down: 0 };

/** The masters of a Redis Cluster, by the word of its nodes: of the masters themselves, and of those that the endpoint lists. */
export class ClusterDirectory implements Directory {
  readonly topology = 'cluster';
  readonly #options: DirectoryOptions;
  readonly #endpoint: ClusterEndpoint;
  readonly #map: ClusterMap;
  readonly #clients = new Map<string, ClusterClient>();
  readonly #recent: RecentCensus;
  readonly #losses = new Map<string, ReplicaLosses>();
  readonly #poller: Poller;
  readonly #changed = new ChangeSignal();
  #isReady = false;
  #missesReplica = false;

  constructor(endpoint: ClusterEndpoint, options: DirectoryOptions) {
    this.#endpoint = endpoint;
    this.#options = options;
    this.#recent = new RecentCensus(options.clock);
    this.#map = new ClusterMap(endpoint.natMap ?? {});
    this.#openClients();
    this.#poller = new Poller(
      options.clock,
      () => this.#ask(),
      () => (this.#missesReplica ? this.#freshMs / QUESTIONS_PER_FRESHNESS : Number.POSITIVE_INFINITY),
    );
  }

  async ready(withinMs: number): Promise<void> {
    const isReady = () => {
      this.#throwWhereHopeless();
      return this.#isReady;
    };
    if (await this.#changed.until(isReady, this.#options.clock, withinMs)) return;
    const hasAnswer = [...this.#clients.values()].some(({ answer }) => answer !== undefined);
    const reasons = [...this.#clients].map(([place, { lastReason }]) => `${place}: ${lastReason}`);
    const why = hasAnswer ? `nobody serves slot ${this.#map.firstUnserved}` : reasons.join('; ');
    throw new BrokerError('connection', `the cluster was not ready within ${withinMs} ms: ${why}`);
  }

  masterOf(slot: number): Master | undefined {
    return this.#map.masterOf(slot);
  }

  masters(): readonly Master[] {
    return this.#map.masters();
  }

  census(master: Master): ReplicaCensus {
    return this.#recent.of(master.id, () => this.#takeCensus(master));
  }

  #takeCensus(master: Master): ReplicaCensus {
    const present = this.#map.masters().find(({ id }) => id === master.id);
    if (present === undefined) return NONE;
    const oldestMs = this.#options.clock.nowMs() - this.#freshMs;
    const voters = this.#map.masters();
    const votes = voters.flatMap(({ id }) => this.#clients.get(id)?.answer ?? []).filter((a) => a.askedMs >= oldestMs);
    const isMajority = (count: number) => count * 2 > voters.length;
    const replicas = this.#map.replicasOf(present).map(({ nodeId, announced }) => {
      const reports = votes.filter(({ nodes }) => nodes.some((node) => node.nodeId === nodeId && node.isFailed));
      return { id: announced, isReportedDown: isMajority(reports.length) };
    });
    const own = this.#clients.get(present.id)?.answer;
    let losses = this.#losses.get(present.id);
    if (losses === undefined) {
      losses = new ReplicaLosses();
      this.#losses.set(present.id, losses);
    }
    return losses.census({
      naming: present.id,
      replicas,
      isAuthorityFresh: isMajority(votes.length),
      heard: own !== undefined && own.askedMs >= oldestMs ? own.heard : undefined,
    });
  }

  replicasOf(master: Master): readonly Place[] {
    return this.#map.replicasOf(master).map(({ announced }) => clientPlace(announced, this.#endpoint.natMap ?? {}));
  }

  refresh(): void {
    this.#poller.hurry();
  }

  onChange(listener: () => void): () => void {
    return this.#changed.listen(listener);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#poller.stop();
    for (const client of this.#clients.values()) client.close();
  }

  /** Half of the time after which nodes suspect each other. */
  get #freshMs(): number {
    return Math.min(...[...this.#clients.values()].map(({ nodeTimeoutMs }) => nodeTimeoutMs)) / 2;
  }

  #ask(): void {
    for (const client of this.#clients.values()) client.ask();
    this.#missesReplica = this.#map.masters().some((master) => {
      this.census(master);
      return this.#map.replicasOf(master).some(({ isFailed }) => isFailed);
    });
  }

  #onAnswer(client: ClusterClient): void {
    this.#recent.clear();
    const { answer } = client;
    const hasChanged = answer !== undefined && this.#map.merge(answer.nodes);
    if (hasChanged) {
      this.#poller.settle();
      this.#openClients();
      for (const id of this.#losses.keys()) if (!this.#clients.has(id)) this.#losses.delete(id);
    }
    this.#isReady ||= this.#map.isComplete;
    if (hasChanged || !this.#isReady) this.#changed.emit();
  }

  #openClients(): void {
    const { clock, random } = this.#options;
    const credentials = credentialsOf(this.#endpoint);
    const wanted = new Map([...this.#endpoint.cluster, ...this.#map.masters()].map((place) => [placeOf(place), place]));
    for (const [id, client] of this.#clients) {
      if (wanted.has(id)) continue;
      this.#clients.delete(id);
      client.close();
    }
    for (const [id, { host, port }] of wanted) {
      if (this.#clients.has(id)) continue;
      const address = { ...credentials, host, port };
      const onAnswer = (client: ClusterClient) => this.#onAnswer(client);
      this.#clients.set(id, new ClusterClient({ address, clock, random, onAnswer }));
    }
  }

  /** Waiting heals neither a wrong password nor a server that belongs to no cluster. */
  #throwWhereHopeless(): void {
    const clients = [...this.#clients];
    const [first] = clients;
    if (first !== undefined && clients.every(([, { refusal }]) => refusal !== undefined)) throw first[1].refusal!;
    if (clients.some(([, { isClustered }]) => isClustered)) return;
    const places = clients.map(([place]) => place).join(', ');
    throw new BrokerError('bad-option', `${places}: no cluster: give it as one server, or set 'cluster-enabled yes'`);
  }
}

function placeOf({ host, port }: { readonly host: string; readonly port: number }): string {
  return `${host}:${port}`;
}
