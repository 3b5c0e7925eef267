import { z } from 'zod';

const nullableNumber = z.number().nullable();

/** Columns of equal length, one entry per interval. */
export const series = z.object({
  intervalMs: z.number(),
  /** Start of each interval. */
  atMs: z.array(z.number()),
  offered: z.array(z.number()),
  accepted: z.array(z.number()),
  rejected: z.array(z.number()),
  delivered: z.array(z.number()),
  inFlight: z.array(z.number()),
  /** End-to-end latency of messages *intended* in the interval; null: none. */
  p50: z.array(nullableNumber),
  p99: z.array(nullableNumber),
  max: z.array(nullableNumber),
  lagMax: z.array(nullableNumber),
  /** Per process name: CPU share of one core (0..n). */
  cpu: z.record(z.string(), z.array(nullableNumber)),
  /** Per process name: longest event-loop delay in ms. */
  eventLoop: z.record(z.string(), z.array(nullableNumber)),
  redisMemoryBytes: z.array(nullableNumber),
  redisOpsPerSec: z.array(nullableNumber),
  steal: z.array(nullableNumber),
});

/** By interval of intended send time and by row of end-to-end latency; messages that never arrived are in no row. */
export const heatMap = z.object({
  intervalMs: z.number(),
  atMs: z.array(z.number()),
  /** Upper bounds of the rows, ascending; the last row has what is above it too. */
  upToMs: z.array(z.number()),
  /** Messages, by interval and row. */
  counts: z.array(z.array(z.number())),
});
