import { z } from 'zod';
import { duration, formatDuration, formatSize, size } from '../scenario/units.js';
import type { FaultKind } from './fault.js';
import { DEFAULT_LINK, direction, linkName } from './link-target.js';
import { describeExchange, type Exchange, echo, exchange, formatMs, settledProbe } from './probe.js';
import { injectToxic, type LinkProbe } from './toxic-fault.js';

const MIN_DELAY_MS = 0.1;
const MAX_DELAY_MS = 100;
/** How long the slices of the probe take at least. */
const PROBE_MS = 200;

const params = z
  .strictObject({
    slicer: size.refine((bytes) => bytes >= 1 && bytes <= 64 * 1024, 'a size from 1B to 64KiB'),
    variation: size.default(0),
    delay: duration
      .refine((ms) => ms >= MIN_DELAY_MS && ms <= MAX_DELAY_MS, 'a duration from 100us to 100ms')
      .default(1),
    link: linkName.default(DEFAULT_LINK),
    direction: direction.default('downstream'),
  })
  .refine(({ slicer, variation }) => variation < slicer, {
    message: 'a variation below the size of a slice',
    path: ['variation'],
  });

export const slicer: FaultKind<z.output<typeof params>> = {
  name: 'slicer',
  summary: 'Cuts what a link carries into slices of about this size, with a delay after each.',
  example: '{ at: steady + 5s, for: 10s, slicer: 64B, variation: 16B, delay: 1ms }',
  params,
  targets: ({ link }) => [{ kind: 'link', link }],
  inject: (context, { slicer, variation, delay, link, direction }, signal) => {
    // A slice is at most size + variation; whole slices only, so that at least `slices` delays are seen.
    const slices = Math.ceil(PROBE_MS / delay);
    const bytes = Math.min(slices * (slicer + variation), 1024 * 1024);
    const leastMs = (bytes / (slicer + variation)) * delay;
    const transfer = ({ through, clock, signal }: LinkProbe) =>
      exchange(through, echo(bytes, 4 * leastMs + 5000), clock, signal);
    const isSliced = (before: Exchange | undefined, after: Exchange) =>
      after.elapsedMs - (before?.elapsedMs ?? 0) >= leastMs / 2;
    return injectToxic(
      context,
      {
        type: 'slicer',
        link,
        direction,
        attributes: { average_size: slicer, size_variation: variation, delay: Math.round(delay * 1000) },
        title: `slices of ${formatSize(slicer)}${variation > 0 ? ` +/- ${formatSize(variation)}` : ''}, ${formatDuration(delay)} apart`,
        measure: (probe) =>
          settledProbe(
            () => transfer(probe),
            ({ elapsedMs }) => elapsedMs < leastMs / 4,
          ),
        prove: async (probe, before) => {
          const after = await transfer(probe);
          return {
            tookHold: isAnswered(before) && isAnswered(after) && isSliced(before, after),
            observed: `${formatSize(bytes)} through ${probe.link.name} and back: ${describe(after)}; before: ${describe(before)}`,
          };
        },
        isClean: async (probe, before) => !isSliced(before, await transfer(probe)),
      },
      signal,
    );
  },
};

function isAnswered(seen: Exchange | undefined): boolean {
  return seen === undefined || seen.outcome === 'replied';
}

function describe(seen: Exchange | undefined): string {
  if (seen === undefined) return 'cut off';
  if (seen.outcome !== 'replied') return describeExchange(seen);
  return `${formatMs(seen.elapsedMs)} in ${seen.pieces} piece${seen.pieces === 1 ? '' : 's'}`;
}
