import { z } from 'zod';

/** How the system under test scaled its consumers: with `consumers.autoscale`. Times in ms from the start of the load. */
export const scaling = z.object({
  limits: z.object({ min: z.number().int(), max: z.number().int() }),
  /** Each time that the system asked for a number of consumers; the first one may be what there was. */
  asked: z.array(
    z.object({
      atMs: z.number(),
      consumers: z.number().int(),
      /** In the system's words: arrival rate, handler time, backlog. */
      reason: z.string(),
      /** Why it was not done. */
      refusal: z.string().optional(),
    }),
  ),
  /** From this time on so many were ready: from when they say so to their end. */
  ready: z.array(z.object({ atMs: z.number(), consumers: z.number().int() })),
  /** What the system saw, as often as it looked: figures of its own, and how many consumers they need. */
  looks: z.array(
    z.object({
      atMs: z.number(),
      needed: z.number(),
      ratePerSec: z.number(),
      backlog: z.number(),
      serviceMs: z.number(),
    }),
  ),
});

export type Scaling = z.infer<typeof scaling>;
