import { gauntletVersion } from '../version.js';
import { ACCEPTED, type Driver } from './driver.js';

/**
 * Accepts everything at once, keeps nothing and delivers nothing. Under load against it the harness meets only its own
 * limits; as a system under test it loses every message, which a run must notice.
 */
export function createDriver(): Driver {
  return {
    name: 'null',
    version: gauntletVersion(),
    capabilities: { ordering: 'none', inventory: true, redeliveryAfterMs: 0 },
    producer: async () => ({
      publish(batch, onOutcome) {
        for (let i = 0; i < batch.length; i++) onOutcome(i, ACCEPTED);
      },
      async [Symbol.asyncDispose]() {},
    }),
    consume: (_handler, ready, signal) =>
      new Promise((resolve) => {
        if (signal.aborted) return resolve();
        signal.addEventListener('abort', () => resolve(), { once: true });
        ready();
      }),
    async *inventory() {},
    async [Symbol.asyncDispose]() {},
  };
}
