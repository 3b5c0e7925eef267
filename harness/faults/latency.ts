import { z } from 'zod';
import { duration, formatDuration } from '../scenario/units.js';
import type { FaultKind } from './fault.js';
import { DEFAULT_LINK, direction, linkName } from './link-target.js';
import { describeExchange, type Exchange, formatMs, ping } from './probe.js';
import { injectToxic, type LinkProbe } from './toxic-fault.js';

/** Toxiproxy counts in whole milliseconds. A connection slower than this is no longer slow but silent: `timeout`. */
const MAX_MS = 10_000;

const params = z
  .strictObject({
    latency: duration.refine((ms) => Number.isInteger(ms) && ms >= 1 && ms <= MAX_MS, 'whole milliseconds, 1ms to 10s'),
    jitter: duration.refine(Number.isInteger, 'whole milliseconds').default(0),
    link: linkName.default(DEFAULT_LINK),
    direction: direction.default('downstream'),
  })
  .refine(({ latency, jitter }) => jitter <= latency, { message: 'a jitter of at most the latency', path: ['jitter'] });

export const latency: FaultKind<z.output<typeof params>> = {
  name: 'latency',
  summary: 'Delays everything on a link by latency +/- jitter.',
  example: '{ at: steady + 5s, for: 10s, latency: 20ms, jitter: 5ms, link: redis-master.clients }',
  params,
  targets: ({ link }) => [{ kind: 'link', link }],
  inject: (context, { latency, jitter, link, direction }, signal) =>
    injectToxic(
      context,
      {
        type: 'latency',
        link,
        direction,
        attributes: { latency, jitter },
        title: `latency ${formatDuration(latency)}${jitter > 0 ? ` +/- ${formatDuration(jitter)}` : ''}`,
        measure: (probe) => pingRounds(probe, latency),
        prove: async (probe, before) => {
          const after = await pingRounds(probe, latency);
          return {
            tookHold: addedMs(before, after) >= leastAddedMs(latency, jitter),
            observed: `PING through ${probe.link.name}: ${describe(after.median)}; before: ${before === undefined ? 'cut off' : describe(before.fastest)}`,
          };
        },
        isClean: async (probe, before) => {
          const after = await pingRounds(probe, latency);
          return !(addedMs(before, after) >= leastAddedMs(latency, jitter));
        },
      },
      signal,
    ),
};

/** Jitter is uniform: that half of the probes fall below an eighth of the latency is a matter of one in a thousand. */
function leastAddedMs(latency: number, jitter: number): number {
  return Math.max((latency - jitter) / 2, latency / 8);
}

interface Rounds {
  readonly fastest: Exchange;
  /** The lower one. */
  readonly median: Exchange;
}

/** Noise only adds: what was normal is the fastest. NaN, which proves nothing, when a probe got no answer. */
function addedMs(before: Rounds | undefined, after: Rounds): number {
  const normal = before?.fastest ?? { outcome: 'replied', elapsedMs: 0 };
  const answered = normal.outcome === 'replied' && after.median.outcome === 'replied';
  return answered ? after.median.elapsedMs - normal.elapsedMs : Number.NaN;
}

async function pingRounds({ through, clock, signal }: LinkProbe, latency: number): Promise<Rounds> {
  const exchanges: Exchange[] = [];
  // Two rounds: a stall of this machine that slows one of them alone does not move the lower median.
  for (let round = 0; round < 2; round++) {
    const probes = Array.from({ length: 4 }, () => ping(through, 4 * latency + 1000, clock, signal));
    exchanges.push(...(await Promise.all(probes)));
  }
  const unanswered = exchanges.find(({ outcome }) => outcome !== 'replied');
  if (unanswered !== undefined) return { fastest: unanswered, median: unanswered };
  const sorted = exchanges.toSorted((a, b) => a.elapsedMs - b.elapsedMs);
  return { fastest: sorted[0] as Exchange, median: sorted[3] as Exchange };
}

function describe(exchange: Exchange): string {
  return exchange.outcome === 'replied' ? formatMs(exchange.elapsedMs) : describeExchange(exchange);
}
