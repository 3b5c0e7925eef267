import { z } from 'zod';
import { duration, formatDuration } from '../scenario/units.js';
import type { FaultKind } from './fault.js';
import { DEFAULT_LINK, direction, linkName } from './link-target.js';
import { formatMs, settledProbe, timeToClose } from './probe.js';
import { injectToxic, type LinkProbe } from './toxic-fault.js';

const MIN_MS = 50;
/** A longer delay is seen to be there without waiting for its end. */
const LONGEST_WAIT_MS = 500;

const params = z.strictObject({
  slow_close: duration.refine((ms) => Number.isInteger(ms) && ms >= MIN_MS, 'whole milliseconds from 50ms'),
  link: linkName.default(DEFAULT_LINK),
  direction: direction.default('downstream'),
});

export const slowClose: FaultKind<z.output<typeof params>> = {
  name: 'slow_close',
  summary: 'Delays the closing of connections of a link.',
  example: '{ at: steady + 5s, for: 10s, slow_close: 2s, link: redis-master.clients }',
  params,
  targets: ({ link }) => [{ kind: 'link', link }],
  inject: (context, { slow_close: delayMs, link, direction }, signal) => {
    const waitMs = Math.min(delayMs / 2, LONGEST_WAIT_MS);
    const close = ({ through, clock, signal }: LinkProbe) => timeToClose(through, waitMs, clock, signal);
    return injectToxic(
      context,
      {
        type: 'slow_close',
        link,
        direction,
        attributes: { delay: delayMs },
        title: `closing delayed by ${formatDuration(delayMs)}`,
        measure: (probe) =>
          settledProbe(
            () => close(probe),
            ({ outcome }) => outcome === 'closed',
          ),
        prove: async (probe, before) => {
          const after = await close(probe);
          return {
            tookHold: after.outcome === 'open' && (before === undefined || before.outcome === 'closed'),
            observed: `a connection through ${probe.link.name}, ended by its client: ${describe(after)}; before: ${describe(before)}`,
          };
        },
        isClean: async (probe) => (await close(probe)).outcome === 'closed',
      },
      signal,
    );
  },
};

function describe(seen: Awaited<ReturnType<typeof timeToClose>> | undefined): string {
  if (seen === undefined) return 'cut off';
  const { outcome, elapsedMs } = seen;
  switch (outcome) {
    case 'closed':
      return `closed after ${formatMs(elapsedMs)}`;
    case 'open':
      return `still open after ${formatMs(elapsedMs)}`;
    case 'unreachable':
      return 'no connection';
    default:
      return outcome satisfies never;
  }
}
