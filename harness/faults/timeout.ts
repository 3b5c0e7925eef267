import { z } from 'zod';
import { duration, formatDuration } from '../scenario/units.js';
import type { FaultKind } from './fault.js';
import { DEFAULT_LINK, direction, linkName } from './link-target.js';
import { describeExchange, ping } from './probe.js';
import { injectToxic } from './toxic-fault.js';

const params = z.strictObject({
  timeout: duration.refine(Number.isInteger, 'whole milliseconds; 0: never closes'),
  link: linkName.default(DEFAULT_LINK),
  direction: direction.default('both'),
});

/** Far longer than a link that works needs for a PING. */
const SILENCE_MS = 300;
const SERVER_DEADLINE_MS = 2000;

export const timeout: FaultKind<z.output<typeof params>> = {
  name: 'timeout',
  summary: 'Swallows everything on a link; closes its connections after this long (0: never, a silent partition).',
  example: '{ at: steady + 5s, for: 5s, timeout: 0, link: redis-master.clients, direction: both }',
  params,
  targets: ({ link }) => [{ kind: 'link', link }],
  cutsOff: true,
  inject: (context, { timeout, link, direction }, signal) =>
    injectToxic(
      context,
      {
        type: 'timeout',
        link,
        direction,
        attributes: { timeout },
        title: timeout === 0 ? 'silence' : `silence and closing after ${formatDuration(timeout)}`,
        measure: async () => undefined,
        prove: async ({ through, direct, clock, signal, link }) => {
          const silenced = await ping(through, SILENCE_MS, clock, signal);
          // Asked afterwards: a stall of the whole machine looks like silence, too.
          const server = await ping(direct, SERVER_DEADLINE_MS, clock, signal);
          const swallowed = silenced.outcome === 'silent' || (timeout > 0 && silenced.outcome === 'closed');
          return {
            tookHold: swallowed && silenced.bytes === 0 && server.outcome === 'replied',
            observed: `PING through ${link.name}: ${describeExchange(silenced)}; past it: ${describeExchange(server)}`,
          };
        },
      },
      signal,
    ),
};
