import { z } from 'zod';
import { MAX_MEMBERS } from '../ledger/record.js';
import type { ConsumersSpec, HandlerSpec, OtherHandler } from './scenario.js';
import { MAX_WORKERS, name, workers } from './schema.js';
import { duration, share } from './units.js';

const TIME = 'Waits this long for each message.';
const CPU = 'Burns CPU this long for each message.';
const FAIL = 'Share of handlings that throw a transient error.';

const handler = z
  .strictObject({
    time: duration.prefault(0).describe(TIME),
    cpu: duration.prefault(0).describe(CPU),
    fail: share.prefault(0).describe(FAIL),
  })
  .prefault({})
  .transform(({ time, cpu, fail }): HandlerSpec => ({ timeMs: time, cpuMs: cpu, failShare: fail }));

const otherHandler = z.strictObject({
  handler: z
    .strictObject({
      time: duration.optional().describe(TIME),
      cpu: duration.optional().describe(CPU),
      fail: share.optional().describe(FAIL),
    })
    .describe("What is left out is as with the worker's peers."),
  during: z
    .union([name.transform((phase) => [phase]), z.array(name).min(1)], 'a phase, or a list of phases')
    .optional()
    .describe('While these phases last; when left out, always.'),
});

export const consumers = z
  .strictObject({
    workers: workers.describe('So many; with autoscale the fewest, with which it begins.'),
    autoscale: z
      .strictObject({ max: z.int().min(2).max(MAX_WORKERS).describe('The most, above workers.') })
      .optional()
      .describe('The system decides how many there are: how is up to options of the driver.'),
    members: z
      .int()
      .min(1)
      .max(MAX_MEMBERS)
      .default(1)
      .describe('Members of the group in each worker; more than one where the driver can open several.'),
    concurrency: z.int().min(1).max(65_536).default(64).describe('Messages one member handles at a time.'),
    handler,
    except: z
      .record(z.string(), otherHandler)
      .default({})
      .describe('Workers such as consumer-2 whose handler is another one than that of their peers.'),
  })
  .prefault({})
  .superRefine(({ workers: fewest, autoscale, members }, context) => {
    if (autoscale === undefined) return;
    if (autoscale.max <= fewest) {
      const message = `more than workers, of which there are ${fewest}`;
      context.addIssue({ code: 'custom', message, path: ['autoscale', 'max'], input: autoscale.max });
    }
    if (members > 1) {
      const message = '1: with autoscale, where the system asks for members and is given workers';
      context.addIssue({ code: 'custom', message, path: ['members'], input: members });
    }
  })
  .transform(({ except, autoscale, ...given }): ConsumersSpec => {
    const rest = { ...given, ...(autoscale !== undefined && { autoscale }) };
    const others = Object.entries(except).map(([worker, other]) => [worker, differing(rest.handler, other)]);
    return others.length === 0 ? rest : { ...rest, except: Object.fromEntries(others) };
  })
  .describe('Processes that handle what was sent.');

function differing(peers: HandlerSpec, { handler, during }: z.output<typeof otherHandler>): OtherHandler {
  const { time = peers.timeMs, cpu = peers.cpuMs, fail = peers.failShare } = handler;
  return { handler: { timeMs: time, cpuMs: cpu, failShare: fail }, ...(during !== undefined && { during }) };
}
