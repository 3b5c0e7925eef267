import type { Toxiproxy } from '../faults/toxiproxy.js';
import { EnvironmentError } from './environment-error.js';

/** The version of a Toxiproxy that is not ours. Rejects with `unreachable`. */
export async function reachToxiproxy(toxiproxy: Toxiproxy, url: string): Promise<string> {
  try {
    return await toxiproxy.version();
  } catch (cause) {
    const reason = (cause as Error).message;
    throw new EnvironmentError(
      'unreachable',
      `Toxiproxy does not answer at ${url}: ${reason}. Start it (docker compose up -d), or correct --toxiproxy.`,
      { cause },
    );
  }
}
