import { BrokerError } from '../broker-error.js';
import { ChangeSignal } from './change-signal.js';
import type { Directory, Master, Place, ReplicaCensus } from './directory.js';
import { MasterEar } from './master-ear.js';
import { clientPlace, credentialsOf, type DirectoryOptions, type SentinelEndpoint } from './network.js';
import { Poller } from './poller.js';
import { RecentCensus } from './recent-census.js';
import { ReplicaLosses } from './replica-losses.js';
import { SentinelClient } from './sentinel-client.js';
import { nameMaster, reportReplicas, type SentinelAnswer } from './sentinel-view.js';

/** The first naming waits for a majority; where it does not come, what has answered by then has to do. */
const FIRST_NAMING_PATIENCE_MS = 1_000;
/** While a replica is missed, Sentinels are asked this often within the time for which their word counts. */
const QUESTIONS_PER_FRESHNESS = 3;
const NONE: ReplicaCensus = { configured: 0, down: 0 };

/** The master that the Sentinels name: the word with the highest config epoch counts, and none lower than one seen before. */
export class SentinelDirectory implements Directory {
  readonly topology = 'sentinel';
  readonly #options: DirectoryOptions;
  readonly #endpoint: SentinelEndpoint;
  readonly #clients: readonly SentinelClient[];
  readonly #poller: Poller;
  readonly #changed = new ChangeSignal();
  readonly #losses = new ReplicaLosses();
  readonly #recent: RecentCensus;
  #master: Master | undefined;
  /** The master's address as Sentinels and replicas know it. */
  #announced: string | undefined;
  #ear: MasterEar | undefined;
  #firstAnswerMs: number | undefined;
  #missesReplica = false;
  #isTurning = false;

  constructor(endpoint: SentinelEndpoint, options: DirectoryOptions) {
    this.#endpoint = endpoint;
    this.#options = options;
    this.#recent = new RecentCensus(options.clock);
    const { clock, random } = options;
    const { sentinels, master, tls, sentinelUsername: username, sentinelPassword: password } = endpoint;
    const credentials = credentialsOf({
      host: '',
      port: 0,
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { password }),
      ...(tls === undefined ? {} : { tls }),
    });
    this.#clients = sentinels.map(
      ({ host, port }) =>
        new SentinelClient({
          address: { ...credentials, host, port },
          master,
          clock,
          random,
          onAnswer: () => this.#evaluate(),
          onEvent: () => this.#poller.hurry(),
        }),
    );
    this.#poller = new Poller(
      clock,
      () => this.#ask(),
      () => this.#calmMs(),
    );
  }

  async ready(withinMs: number): Promise<void> {
    const isReady = () => {
      this.#throwWhereHopeless();
      return this.#master !== undefined;
    };
    if (await this.#changed.until(isReady, this.#options.clock, withinMs)) return;
    const { sentinels, master } = this.#endpoint;
    const reasons = this.#clients.map(
      ({ lastReason }, i) => `${sentinels[i]!.host}:${sentinels[i]!.port}: ${lastReason}`,
    );
    throw new BrokerError(
      'connection',
      `no Sentinel has named '${master}' within ${withinMs} ms: ${reasons.join('; ')}`,
    );
  }

  masterOf(): Master | undefined {
    return this.#master;
  }

  masters(): readonly Master[] {
    return this.#master === undefined ? [] : [this.#master];
  }

  census(master: Master): ReplicaCensus {
    return this.#recent.of(master.id, () => this.#takeCensus(master));
  }

  #takeCensus(master: Master): ReplicaCensus {
    const present = this.#master;
    if (present === undefined || present.id !== master.id) return NONE;
    const answers = this.#answers;
    const nowMs = this.#options.clock.nowMs();
    const { replicas, isFresh } = reportReplicas(answers, present.epoch, this.#clients.length, nowMs);
    return this.#losses.census({
      naming: `${present.id} ${present.epoch}`,
      replicas,
      isAuthorityFresh: isFresh,
      heard: this.#ear?.heard(this.#freshMs),
    });
  }

  replicasOf(master: Master): readonly Place[] {
    const present = this.#master;
    if (present?.id !== master.id) return [];
    const agreeing = this.#answers.filter(({ epoch }) => epoch === present.epoch);
    const ids = new Set(agreeing.flatMap(({ replicas }) => replicas.map(({ id }) => id)));
    return [...ids].map((id) => clientPlace(id, this.#endpoint.natMap ?? {}));
  }

  refresh(): void {
    this.#poller.hurry();
  }

  onChange(listener: () => void): () => void {
    return this.#changed.listen(listener);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#poller.stop();
    for (const client of this.#clients) client.close();
    this.#ear?.close();
  }

  get #answers(): SentinelAnswer[] {
    return this.#clients.flatMap(({ answer }) => (answer === undefined ? [] : [answer]));
  }

  /** Half of the shortest `down-after`. */
  get #freshMs(): number {
    return Math.min(...this.#answers.map(({ downAfterMs }) => downAfterMs)) / 2;
  }

  #calmMs(): number {
    return this.#missesReplica ? this.#freshMs / QUESTIONS_PER_FRESHNESS : Number.POSITIVE_INFINITY;
  }

  #ask(): void {
    for (const client of this.#clients) client.ask();
    this.#ear?.ask();
    this.#evaluate();
  }

  #evaluate(): void {
    this.#recent.clear();
    const answers = this.#answers;
    const isMissed = answers.some(({ replicas }) => replicas.some(({ isDown }) => isDown));
    this.#missesReplica = isMissed || this.#losses.awaitsFormerMaster;
    if (this.#isFirstNamingDue(answers)) {
      const named = nameMaster(answers, this.#master, this.#endpoint.natMap ?? {});
      if (named !== this.#master && named !== undefined) {
        this.#turnTo(named, answers.find(({ epoch }) => epoch === named.epoch)!.master);
        return;
      }
    }
    if (this.#isTurning && this.#isAgreed(answers)) {
      this.#isTurning = false;
      this.#poller.settle();
    }
    if (this.#master === undefined) this.#changed.emit();
  }

  /** Until a majority has heard of the failover, its word on replicas does not count. */
  #isAgreed(answers: readonly SentinelAnswer[]): boolean {
    return answers.filter(({ epoch }) => epoch === this.#master?.epoch).length * 2 > this.#clients.length;
  }

  #isFirstNamingDue(answers: readonly SentinelAnswer[]): boolean {
    if (this.#master !== undefined) return true;
    if (answers.length === 0) return false;
    const nowMs = this.#options.clock.nowMs();
    this.#firstAnswerMs ??= nowMs;
    const listed = this.#clients.length;
    return answers.length * 2 > listed || nowMs - this.#firstAnswerMs >= FIRST_NAMING_PATIENCE_MS;
  }

  #turnTo(named: Master, announced: string): void {
    const { clock, random } = this.#options;
    if (this.#announced !== announced) {
      if (this.#announced !== undefined) this.#losses.onFailover(this.#announced, announced);
      this.#announced = announced;
    }
    this.#master = named;
    this.#isTurning = true;
    if (this.#ear?.masterId !== named.id) {
      this.#ear?.close();
      this.#ear = new MasterEar(named, credentialsOf(this.#endpoint), clock, random);
    }
    this.#changed.emit();
  }

  /** Waiting heals neither a wrong password nor a wrong name. */
  #throwWhereHopeless(): void {
    if (this.#clients.every(({ refusal }) => refusal !== undefined)) throw this.#clients[0]!.refusal!;
    const strangers = this.#clients.filter(({ knowsMaster }) => !knowsMaster).length;
    if (strangers * 2 <= this.#clients.length) return;
    const { sentinels, master } = this.#endpoint;
    const places = sentinels.map(({ host, port }) => `${host}:${port}`).join(', ');
    throw new BrokerError('bad-option', `no Sentinel at ${places} watches '${master}': check 'master'`);
  }
}
