import { z } from 'zod';
import { formatSize, size } from '../scenario/units.js';
import type { FaultKind } from './fault.js';
import { DEFAULT_LINK, direction, linkName } from './link-target.js';
import { describeExchange, echo, exchange, ping } from './probe.js';
import { injectToxic } from './toxic-fault.js';

/** The proof has to send as much. */
const MAX_BYTES = 16 * 1024 * 1024;
const PROBE_DEADLINE_MS = 5000;

const params = z.strictObject({
  limit_data: size.refine((bytes) => bytes >= 1 && bytes <= MAX_BYTES, 'a size from 1B to 16MiB'),
  link: linkName.default(DEFAULT_LINK),
  direction: direction.default('downstream'),
});

export const limitData: FaultKind<z.output<typeof params>> = {
  name: 'limit_data',
  summary: 'Closes each connection of a link after it has carried this many bytes (counted from the injection).',
  example: '{ at: steady + 5s, for: 5s, limit_data: 64KiB, link: redis-master.clients }',
  params,
  targets: ({ link }) => [{ kind: 'link', link }],
  cutsOff: true,
  inject: (context, { limit_data: limit, link, direction }, signal) =>
    injectToxic(
      context,
      {
        type: 'limit_data',
        link,
        direction,
        attributes: { bytes: limit },
        title: `connections closed after ${formatSize(limit)}`,
        measure: async () => undefined,
        prove: async ({ through, direct, clock, signal, link }) => {
          const cut = await exchange(through, echo(limit, PROBE_DEADLINE_MS), clock, signal);
          const server = await ping(direct, PROBE_DEADLINE_MS, clock, signal);
          const ended = cut.outcome === 'closed' || cut.outcome === 'reset';
          // What the server answered must have come through up to the limit, and nothing beyond it.
          const expected = direction === 'upstream' ? cut.bytes <= limit : cut.bytes === limit;
          return {
            tookHold: ended && (direction === 'both' ? cut.bytes <= limit : expected) && server.outcome === 'replied',
            observed: `ECHO of ${formatSize(limit)} through ${link.name}: ${describeExchange(cut)}; PING past it: ${describeExchange(server)}`,
          };
        },
      },
      signal,
    ),
};
