import { z } from 'zod';
import { duration, formatDuration } from '../scenario/units.js';
import type { FaultKind } from './fault.js';
import { DEFAULT_LINK, direction, linkName } from './link-target.js';
import { describeExchange, ping } from './probe.js';
import { injectToxic } from './toxic-fault.js';

const params = z.strictObject({
  reset_peer: duration.refine((ms) => Number.isInteger(ms) && ms <= 10_000, 'whole milliseconds up to 10s'),
  link: linkName.default(DEFAULT_LINK),
  direction: direction.default('downstream'),
});

/**
 * Toxiproxy resets only connections that were opened after the toxic was added (it sets SO_LINGER when a link starts).
 * So that the fault meets the system under test and not only its next connection, the injection closes all connections
 * of the link: each is opened again into the toxic and reset by the first data on it.
 */
export const resetPeer: FaultKind<z.output<typeof params>> = {
  name: 'reset_peer',
  summary: 'Closes all connections of a link, and resets (RST) each new one this long after the first data on it.',
  example: '{ at: steady + 5s, for: 2s, reset_peer: 0, link: redis-master.clients }',
  params,
  targets: ({ link }) => [{ kind: 'link', link }],
  cutsOff: true,
  inject: (context, { reset_peer: afterMs, link, direction }, signal) =>
    injectToxic(
      context,
      {
        type: 'reset_peer',
        link,
        direction,
        attributes: { timeout: afterMs },
        title: `connections reset${afterMs > 0 ? ` after ${formatDuration(afterMs)}` : ''}`,
        cutsConnections: true,
        measure: async () => undefined,
        prove: async ({ through, clock, signal, link }) => {
          const attempt = await ping(through, afterMs + 2000, clock, signal);
          return {
            tookHold: attempt.outcome === 'reset',
            observed: `PING through ${link.name}: ${describeExchange(attempt)}`,
          };
        },
      },
      signal,
    ),
};
