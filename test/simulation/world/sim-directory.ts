import { BrokerError } from '../../../broker/broker-error.js';
import { ChangeSignal } from '../../../broker/redis/change-signal.js';
import type { Directory, Master, Place, ReplicaCensus } from '../../../broker/redis/directory.js';
import { Poller } from '../../../broker/redis/poller.js';
import { ReplicaLosses } from '../../../broker/redis/replica-losses.js';
import { AUTHORITY, type Authority, type Snapshot } from './authority.js';
import type { SimProcess } from './sim-process.js';
import type { Lane, Wiring } from './wiring.js';

/** One authority for each share of the slots, in order. */
export interface DirectoryWorld {
  readonly wiring: Wiring;
  readonly authorities: readonly Authority[];
  readonly topology: Directory['topology'];
  /** How much later than others this process learns what the authority says. */
  readonly extraDelayMs: number;
}

const SLOTS = 16_384;

interface Known {
  readonly authority: Authority;
  readonly losses: ReplicaLosses;
  master: Master | undefined;
  snapshot: Snapshot | undefined;
  /** When it was asked for what it said last, by the process' clock. */
  askedMs: number;
}

/** What one process knows of the authority's word: it asks, it is told, both by way of the {@link Wiring}. */
export class SimDirectory implements Directory {
  readonly topology: Directory['topology'];
  readonly #process: SimProcess;
  readonly #world: DirectoryWorld;
  readonly #known: readonly Known[];
  readonly #changed = new ChangeSignal();
  readonly #poller: Poller;
  readonly #up: Lane;
  readonly #down: Lane;
  #isOver = false;

  constructor(process: SimProcess, world: DirectoryWorld) {
    this.#process = process;
    this.#world = world;
    this.topology = world.topology;
    this.#up = world.wiring.lane(process.name, AUTHORITY);
    this.#down = world.wiring.lane(AUTHORITY, process.name);
    this.#known = world.authorities.map((authority) => {
      const known: Known = {
        authority,
        losses: new ReplicaLosses(),
        master: undefined,
        snapshot: undefined,
        askedMs: Number.NEGATIVE_INFINITY,
      };
      authority.onNaming(() => this.#answer(known, undefined));
      return known;
    });
    this.#poller = new Poller(process.clock, () => this.#ask());
  }

  async ready(withinMs: number): Promise<void> {
    const isReady = () => this.#known.every(({ master }) => master !== undefined);
    if (await this.#changed.until(isReady, this.#process.clock, withinMs)) return;
    throw new BrokerError('connection', `nobody has named a master within ${withinMs} ms`);
  }

  masterOf(slot: number): Master | undefined {
    return this.#known[Math.floor((slot * this.#known.length) / SLOTS)]!.master;
  }

  masters(): readonly Master[] {
    return this.#known.flatMap(({ master }) => (master === undefined ? [] : [master]));
  }

  census({ id }: Master): ReplicaCensus {
    const known = this.#known.find(({ master }) => master?.id === id);
    if (known?.snapshot === undefined) return { configured: 0, down: 0 };
    const { snapshot, losses, authority, askedMs } = known;
    const isFresh = this.#process.clock.nowMs() - askedMs <= authority.options.downAfterMs / 2;
    return losses.census({
      naming: `${id} ${known.master!.epoch}`,
      replicas: snapshot.replicas.map((replica) => ({ id: replica.id, isReportedDown: replica.isDown })),
      isAuthorityFresh: isFresh,
      heard: isFresh && !this.#world.wiring.isCut(this.#process.name, id) ? snapshot.heard : undefined,
    });
  }

  /** All nodes of this world are set up the same. */
  replicasOf(): readonly Place[] {
    return [];
  }

  refresh(): void {
    this.#poller.hurry();
  }

  onChange(listener: () => void): () => void {
    return this.#changed.listen(listener);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    this.#poller.stop();
  }

  #ask(): void {
    const askedMs = this.#process.clock.nowMs();
    this.#world.wiring.send(this.#up, () => {
      for (const known of this.#known) this.#answer(known, askedMs);
    });
  }

  #answer(known: Known, askedMs: number | undefined): void {
    if (this.#isOver || this.#process.isKilled) return;
    const snapshot = known.authority.snapshot();
    const tell = () => this.#process.deliver(() => this.#learn(known, snapshot, askedMs));
    const { wiring, extraDelayMs } = this.#world;
    wiring.send(this.#down, () => {
      known.authority.options.scheduler.after(extraDelayMs, tell);
    });
  }

  #learn(known: Known, snapshot: Snapshot, askedMs: number | undefined): void {
    if (this.#isOver) return;
    const { epoch, master } = snapshot.naming;
    if (known.master !== undefined && epoch < known.master.epoch) return;
    known.snapshot = snapshot;
    if (askedMs !== undefined) known.askedMs = askedMs;
    if (known.master?.epoch === epoch) return;
    const [host, port] = master.id.split(':') as [string, string];
    known.master = { id: master.id, host, port: Number(port), epoch };
    this.#poller.settle();
    this.#changed.emit();
  }
}
