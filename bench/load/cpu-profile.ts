import { mkdirSync, writeFileSync } from 'node:fs';
import { Session } from 'node:inspector';
import { dirname } from 'node:path';

/** Profiles this process until {@link stop}: only what is measured, not how it starts. */
export class CpuProfile {
  readonly #session = new Session();
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
    this.#session.connect();
    this.#session.post('Profiler.enable');
    this.#session.post('Profiler.start');
  }

  /** Writes the profile. */
  stop(): void {
    this.#session.post('Profiler.stop', (error, reply) => {
      if (error !== null) throw error;
      mkdirSync(dirname(this.#path), { recursive: true });
      writeFileSync(this.#path, JSON.stringify(reply.profile));
    });
    this.#session.disconnect();
  }
}
