import type { Clock } from '../clock.js';
import { EnvironmentError } from './environment-error.js';
import type { ServerPlace } from './layout.js';
import { waitFor } from './wait-for.js';

const DEADLINE_MS = 30_000;

/**
 * Resolves once `whatIsMissing` says of every server that nothing is (undefined). A server that does not answer for a
 * while is missing, too. Rejects with `not-ready`, what was missing last, after 30 s.
 */
export async function waitUntilReady(
  servers: readonly ServerPlace[],
  whatIsMissing: (server: ServerPlace) => Promise<string | undefined>,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  await Promise.all(
    servers.map(async (server) => {
      let missing: string | undefined;
      const ready = await waitFor(
        async () => {
          missing = await whatIsMissing(server).catch((error: Error) => `it does not answer (${error.message})`);
          return missing === undefined || undefined;
        },
        { clock, deadlineMs: DEADLINE_MS },
        signal,
      );
      if (ready) return;
      const seconds = DEADLINE_MS / 1000;
      throw new EnvironmentError(
        'not-ready',
        `${server.name} is not ready after ${seconds} s: ${missing}; see its log.`,
      );
    }),
  );
}
