import type { Random } from '../../../broker/random.js';
import type { Directory } from '../../../broker/redis/directory.js';
import type { Network } from '../../../broker/redis/network.js';
import { RedisLink } from '../../../broker/redis/redis-link.js';
import { seededRandom } from '../../../harness/random.js';
import { type ExecutedScript, SimNode } from '../redis/sim-node.js';
import { Authority } from './authority.js';
import type { Scheduler } from './scheduler.js';
import { type ConnectionWorld, SimConnection } from './sim-connection.js';
import { SimDirectory } from './sim-directory.js';
import { type ProcessTime, SimProcess } from './sim-process.js';
import { type Latency, Wiring } from './wiring.js';

export interface WorldOptions {
  readonly seed: number;
  readonly topology: Directory['topology'];
  /** Masters, each for a share of the slots. */
  readonly shards: number;
  /** Of each master. */
  readonly replicas: number;
  readonly latency: Latency;
  readonly waitsFor: 'all' | 'own';
  readonly downAfterMs: number;
  readonly zombieMs: number;
  readonly dropsClients: boolean;
  /** Share of the packets at which their connection breaks. */
  readonly breakShare: number;
  readonly scheduler: Scheduler;
  /** What servers execute instead of some scripts. */
  readonly scripts: ReadonlyMap<string, string>;
  readonly onScript?: ((executed: ExecutedScript) => void) | undefined;
  /** Sees each step; without it no text is made of any. */
  readonly onTrace?: ((line: string) => void) | undefined;
}

const WALL_START_MS = 1_700_000_000_000;

/** Everything that is not the broker: time, servers, authority, network, and processes for brokers to run in. */
export class World implements ConnectionWorld {
  readonly options: WorldOptions;
  readonly scheduler: Scheduler;
  readonly wiring: Wiring;
  readonly nodes: SimNode[] = [];
  readonly authorities: Authority[] = [];
  readonly processes: SimProcess[] = [];
  readonly connections = new Set<SimConnection>();
  breakShare: number;
  readonly #random: Random;

  constructor(options: WorldOptions) {
    this.options = options;
    this.scheduler = options.scheduler;
    this.breakShare = options.breakShare;
    const { seed, shards, replicas, latency, waitsFor, downAfterMs, zombieMs, dropsClients } = options;
    this.#random = this.random('network');
    this.wiring = new Wiring(this.scheduler, this.random('latency'), latency);
    for (let shard = 0; shard < shards; shard++) {
      const nodes = Array.from({ length: replicas + 1 }, (_, i) => {
        return new SimNode({
          id: `shard${shard}:${7000 + i}`,
          scheduler: this.scheduler,
          wiring: this.wiring,
          random: seededRandom(seed, `node ${shard} ${i}`),
          wallStartMs: WALL_START_MS,
          waitsFor,
          scripts: options.scripts,
          onScript: options.onScript,
        });
      });
      this.nodes.push(...nodes);
      this.authorities.push(
        new Authority({
          scheduler: this.scheduler,
          wiring: this.wiring,
          random: this.random(`authority ${shard}`),
          nodes,
          downAfterMs,
          zombieMs,
          dropsClients,
          onStep: (step) => this.trace(() => step),
        }),
      );
    }
  }

  random(stream: string): Random {
    return seededRandom(this.options.seed, stream);
  }

  trace(line: () => string): void {
    this.options.onTrace?.(`${this.scheduler.nowMs.toFixed(3).padStart(10)} ${line()}`);
  }

  /** A process whose clocks run by `rate`, and are set to whatever. */
  process(name: string, rate: number, extraWallMs: number): SimProcess {
    const random = this.random(`process ${name}`);
    const time: ProcessTime = {
      rate,
      monotonicStartMs: random() * 1e7,
      wallStartMs: WALL_START_MS + this.scheduler.nowMs + extraWallMs,
    };
    const process = new SimProcess(name, this.scheduler, random, time);
    this.processes.push(process);
    return process;
  }

  /** What the broker in `process` reaches of this world. */
  network(process: SimProcess, directoryDelayMs: number): Network {
    const { topology } = this.options;
    const { wiring, authorities } = this;
    return {
      openDirectory: () => new SimDirectory(process, { wiring, authorities, topology, extraDelayMs: directoryDelayMs }),
      openLink: (options) =>
        new RedisLink(options, undefined, {
          openConnection: (connection) => new SimConnection(connection, process, this),
          probeTls: () => () => {},
        }),
    };
  }

  /** What waited for a cut to heal goes on. */
  wakeNodes(): void {
    for (const node of this.nodes) node.replication.wake();
  }

  nodeAt(id: string): SimNode | undefined {
    return this.nodes.find((node) => node.id === id);
  }

  breaks(): boolean {
    return this.breakShare > 0 && this.#random() < this.breakShare;
  }
}
