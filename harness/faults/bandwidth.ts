import { z } from 'zod';
import { byteRate, formatSize } from '../scenario/units.js';
import type { FaultKind } from './fault.js';
import { DEFAULT_LINK, direction, linkName } from './link-target.js';
import { describeExchange, type Exchange, echo, exchange, formatMs, settledProbe } from './probe.js';
import { injectToxic, type LinkProbe } from './toxic-fault.js';

/** Toxiproxy counts in thousands of bytes a second. Above the upper bound a probe cannot tell the limit from the loopback. */
const KILO = 1000;
const MIN_PER_SEC = KILO;
const MAX_PER_SEC = 32 * 1024 * 1024;
/** How long the probe's bytes take at the limited rate: well above any noise, well below a second. */
const PROBE_MS = 300;
/** Redis serves nobody else while it copies the probe. */
const MAX_PROBE_BYTES = 4 * 1024 * 1024;
const PROBE_DEADLINE_MS = 5000;

const params = z.strictObject({
  bandwidth: byteRate.refine((rate) => rate >= MIN_PER_SEC && rate <= MAX_PER_SEC, 'a rate from 1KiB/s to 32MiB/s'),
  link: linkName.default(DEFAULT_LINK),
  direction: direction.default('downstream'),
});

export const bandwidth: FaultKind<z.output<typeof params>> = {
  name: 'bandwidth',
  summary: 'Limits how many bytes a second each connection of a link carries.',
  example: '{ at: steady + 5s, for: 10s, bandwidth: 256KiB/s, link: redis-master.clients, direction: upstream }',
  params,
  targets: ({ link }) => [{ kind: 'link', link }],
  inject: (context, { bandwidth, link, direction }, signal) => {
    const ratePerMs = Math.round(bandwidth / KILO);
    const probeBytes = Math.min(ratePerMs * PROBE_MS, MAX_PROBE_BYTES);
    const isSlow = (seen: Exchange) => seen.elapsedMs >= probeBytes / ratePerMs / 2;
    const isNormal = (seen: Exchange) => seen.outcome === 'replied' && !isSlow(seen);
    const transfer = ({ through, clock, signal }: LinkProbe) =>
      exchange(through, echo(probeBytes, PROBE_DEADLINE_MS), clock, signal);
    return injectToxic(
      context,
      {
        type: 'bandwidth',
        link,
        direction,
        attributes: { rate: ratePerMs },
        title: `bandwidth ${formatSize(Math.round(bandwidth))}/s`,
        measure: (probe) => settledProbe(() => transfer(probe), isNormal),
        prove: async (probe, before) => {
          const after = await transfer(probe);
          return {
            tookHold: after.outcome === 'replied' && isSlow(after) && (before === undefined || isNormal(before)),
            observed: `${formatSize(probeBytes)} through ${probe.link.name} and back: ${describe(after)}; before: ${describe(before)}`,
          };
        },
        isClean: async (probe) => isNormal(await transfer(probe)),
      },
      signal,
    );
  },
};

function describe(seen: Exchange | undefined): string {
  if (seen === undefined) return 'cut off';
  return seen.outcome === 'replied' ? formatMs(seen.elapsedMs) : describeExchange(seen);
}
