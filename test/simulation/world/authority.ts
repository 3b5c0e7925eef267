import type { Random } from '../../../broker/random.js';
import type { SimNode } from '../redis/sim-node.js';
import type { Scheduler } from './scheduler.js';
import type { Wiring } from './wiring.js';

/** The authority's name in the {@link Wiring}. */
export const AUTHORITY = 'authority';

export interface Naming {
  readonly epoch: number;
  readonly master: SimNode;
}

/** What the authority says when it is asked. */
export interface Snapshot {
  readonly naming: Naming;
  readonly replicas: readonly { readonly id: string; readonly isDown: boolean }[];
  /** Replicas that the master hears from. */
  readonly heard: readonly string[];
}

export interface AuthorityOptions {
  readonly scheduler: Scheduler;
  readonly wiring: Wiring;
  readonly random: Random;
  readonly nodes: readonly SimNode[];
  readonly downAfterMs: number;
  /** How long a former master goes on as one after it is reached again. */
  readonly zombieMs: number;
  /** Sentinel cuts the clients of a node off whose role it changes, a cluster does not. */
  readonly dropsClients: boolean;
  onStep(step: string): void;
}

const TICK_MS = 100;

/** Sentinels of one master, or the cluster's other masters, as one party: who is master, who is down, and who comes next. */
export class Authority {
  readonly options: AuthorityOptions;
  #naming: Naming;
  #isFailingOver = false;
  readonly #lostSinceMs = new Map<SimNode, number>();
  readonly #zombieSinceMs = new Map<SimNode, number>();
  /** When a replica was last behind, down, or on another history: the safe ones have not been for a while. */
  readonly #doubtfulAtMs = new Map<SimNode, number>();
  readonly #listeners = new Set<() => void>();

  constructor(options: AuthorityOptions) {
    this.options = options;
    const [master, ...replicas] = options.nodes;
    this.#naming = { epoch: 1, master: master! };
    for (const replica of replicas) replica.replication.follow(master!);
    this.#tick();
  }

  get naming(): Naming {
    return this.#naming;
  }

  /** All up, all following the named master, and in sync. */
  get isHealthy(): boolean {
    const { master } = this.#naming;
    if (!master.isReachable || !master.replication.isMaster || this.#isFailingOver) return false;
    return this.options.nodes.every((node) => node === master || master.replication.isInSync(node));
  }

  /** Replicas that have been in sync for a while, and any of which may be the next master. */
  get safeReplicas(): readonly SimNode[] {
    const { nodes, scheduler, downAfterMs } = this.options;
    const { master } = this.#naming;
    return nodes.filter((node) => {
      if (node === master || this.#lostForMs(node) >= 0 || node.replication.masterOf !== master) return false;
      return scheduler.nowMs - (this.#doubtfulAtMs.get(node) ?? Number.NEGATIVE_INFINITY) > downAfterMs;
    });
  }

  onNaming(listener: () => void): void {
    this.#listeners.add(listener);
  }

  snapshot(): Snapshot {
    const { master } = this.#naming;
    const { downAfterMs, nodes } = this.options;
    const replicas = nodes
      .filter((node) => node !== master)
      .map((node) => ({ id: node.id, isDown: this.#lostForMs(node) >= downAfterMs }));
    return { naming: this.#naming, replicas, heard: master.replication.connected.map(({ id }) => id) };
  }

  /** An operator asks for it. */
  failOver(reason: string, successor?: SimNode): void {
    if (this.#isFailingOver) return;
    const { scheduler, random } = this.options;
    this.#isFailingOver = true;
    this.options.onStep(`failover: ${reason}`);
    scheduler.after(20 + random() * 400, () => this.#promote(successor));
  }

  #tick(): void {
    const { scheduler, nodes, downAfterMs } = this.options;
    for (const node of nodes) {
      const isLost = !node.isReachable || this.options.wiring.isCut(AUTHORITY, node.id);
      if (!isLost) this.#lostSinceMs.delete(node);
      else if (!this.#lostSinceMs.has(node)) this.#lostSinceMs.set(node, scheduler.nowMs);
      const { master } = this.#naming;
      if (node !== master && (isLost || !master.replication.isInSync(node))) {
        this.#doubtfulAtMs.set(node, scheduler.nowMs);
      }
      if (!isLost) this.#reconfigure(node);
    }
    if (nodes.length > 1 && this.#lostForMs(this.#naming.master) >= downAfterMs) this.failOver('master is down');
    scheduler.after(TICK_MS, () => this.#tick());
  }

  #lostForMs(node: SimNode): number {
    const sinceMs = this.#lostSinceMs.get(node);
    return sinceMs === undefined ? -1 : this.options.scheduler.nowMs - sinceMs;
  }

  #reconfigure(node: SimNode): void {
    const { master } = this.#naming;
    const { scheduler, zombieMs, random } = this.options;
    if (node === master || this.#isFailingOver) return;
    const { masterOf } = node.replication;
    if (masterOf === master) {
      this.#zombieSinceMs.delete(node);
      return;
    }
    const sinceMs = this.#zombieSinceMs.get(node) ?? scheduler.nowMs;
    this.#zombieSinceMs.set(node, sinceMs);
    if (masterOf === undefined && scheduler.nowMs - sinceMs < zombieMs * (0.5 + random())) return;
    this.#zombieSinceMs.delete(node);
    this.options.onStep(`${node.id} becomes a replica of ${master.id}`);
    node.replication.follow(master);
    if (this.options.dropsClients) node.dropConnections();
  }

  #promote(successor: SimNode | undefined): void {
    const { scheduler } = this.options;
    const isFit = successor?.isReachable === true && successor.replication.masterOf === this.#naming.master;
    const candidate = isFit ? successor : this.#candidate();
    if (candidate === undefined) {
      // Nobody is left that could be it: as it was, until the master is back.
      this.#isFailingOver = false;
      return;
    }
    const lost = this.#naming.master.replication.offset - candidate.replication.appliedOffset;
    candidate.replication.promote();
    if (this.options.dropsClients) candidate.dropConnections();
    this.#naming = { epoch: this.#naming.epoch + 1, master: candidate };
    this.options.onStep(`${candidate.id} is master at epoch ${this.#naming.epoch}, ${lost} bytes behind`);
    scheduler.after(0, () => {
      for (const tell of this.#listeners) tell();
    });
    this.#isFailingOver = false;
  }

  /** Any replica that was in sync all the while may be chosen; one that was not only where there is no other. */
  #candidate(): SimNode | undefined {
    const { nodes, random } = this.options;
    const { master } = this.#naming;
    const reachable = nodes.filter((node) => {
      return node !== master && this.#lostForMs(node) < 0 && node.replication.masterOf === master;
    });
    const safe = this.safeReplicas;
    if (safe.length > 0 && random() < 0.5) return safe[Math.floor(random() * safe.length)];
    return reachable.sort((a, b) => b.replication.appliedOffset - a.replication.appliedOffset)[0];
  }
}
