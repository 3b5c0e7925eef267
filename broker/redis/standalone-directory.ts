import type { Directory, Master, Place, ReplicaCensus } from './directory.js';
import type { StandaloneEndpoint } from './network.js';

/** One server that is master because the configuration says so; nobody can say that a replica of it is down. */
export class StandaloneDirectory implements Directory {
  readonly topology = 'standalone';
  readonly #master: Master;
  readonly #census: ReplicaCensus;

  constructor({ host, port, replicas = 0 }: StandaloneEndpoint) {
    this.#master = { id: `${host}:${port}`, host, port, epoch: 0 };
    this.#census = { configured: replicas, down: 0 };
  }

  async ready(): Promise<void> {}

  masterOf(): Master {
    return this.#master;
  }

  masters(): readonly Master[] {
    return [this.#master];
  }

  census(): ReplicaCensus {
    return this.#census;
  }

  replicasOf(): readonly Place[] {
    return [];
  }

  refresh(): void {}

  onChange(): () => void {
    return () => {};
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}
