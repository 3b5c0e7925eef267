import { z } from 'zod';
import { HEADER_BYTES } from '../load/payload.js';
import { type Arrivals, type KeySpec, type PhaseSpec, POISON_KINDS, type RedisSpec, TOPOLOGIES } from './scenario.js';
import { positiveDuration, positiveRate, positiveSize, rate, share } from './units.js';

/**
 * The sections of a scenario file: what each key takes (units as text) and what it becomes. Faults and gates depend on
 * the registries and have their own parsers; `scenario-schema.ts` joins everything for the JSON Schema.
 */

/** Names become folders, report anchors and words in expressions. */
const NAME = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/;
const NAME_EXPECTED = 'a name of letters, digits, - and _ that starts with a letter (64 at most)';

export const MAX_WORKERS = 64;
export const MAX_PHASES = 255;

export const name = z
  .string()
  .regex(NAME, NAME_EXPECTED)
  .refine(
    (text) => text !== 'with' && text !== 'lifted',
    'a name other than with and lifted, which are words of gates',
  );
const positiveCount = z.int().min(1).max(10_000_000);
export const workers = z.int().min(1).max(MAX_WORKERS).default(1);

export const version = z.literal(1).describe('Version of the scenario format.');
export const scenarioName = name.describe('Names the folder of the report.');
export const description = z.string().default('').describe('One or two sentences for people.');
export const tags = z.array(name).default([]).describe('For `gauntlet run --tags`.');
export const seed = z
  .int()
  .min(0)
  .default(1)
  .describe('Fixes arrivals, keys, poison and failures: the same seed gives the same load.');

export const system = z
  .strictObject({
    driver: z
      .string()
      .min(1)
      .default('reference')
      .describe('A built-in driver, a path to a module (./my-driver.ts) or a package that exports createDriver.'),
    options: z.record(z.string(), z.unknown()).default({}).describe('Handed to the driver, which validates them.'),
  })
  .prefault({})
  .describe('The system under test.');

const SENTINELS = 3;
const MASTERS = 3;
const DOWN_AFTER_MS = 1000;
const FAILOVER_TIMEOUT_MS = 5000;
/** Keys that mean nothing with another topology. */
const ONLY_WITH = {
  sentinels: 'sentinel',
  downAfter: 'sentinel',
  failoverTimeout: 'sentinel',
  masters: 'cluster',
} as const;

const redis = z
  .strictObject({
    topology: z.enum(TOPOLOGIES).default('standalone'),
    replicas: z.int().min(0).max(8).optional().describe('Of the one master, in a cluster of each master.'),
    sentinels: z.int().min(1).max(9).optional().describe('Sentinels that decide who is master: 3, 5, ...'),
    downAfter: positiveDuration.optional().describe('Silence after which a Sentinel holds a node for down; 1s.'),
    failoverTimeout: positiveDuration
      .optional()
      .describe('A failover that does not come about is tried again after twice this time; 5s.'),
    masters: z.int().min(1).max(9).optional().describe('Masters of a cluster, among which the slots are divided.'),
    ownLinks: z
      .array(z.string().regex(/^(producer|consumer)-[1-9]\d*$/, 'a worker such as producer-2 or consumer-1'))
      .default([])
      .describe('Workers with client links of their own (redis-1.producer-2), to be on another side of a partition.'),
    config: z
      .record(z.string(), z.union([z.string(), z.number(), z.boolean()], 'text, a number, true or false'))
      .default({})
      .describe('redis.conf directives; true and false are "yes" and "no".'),
  })
  .prefault({})
  .superRefine((raw, context) => {
    for (const [key, topology] of Object.entries(ONLY_WITH)) {
      if (raw[key as keyof typeof raw] === undefined || raw.topology === topology) continue;
      const message = `nothing: only the topology ${topology} has it, and this one is ${raw.topology}`;
      context.addIssue({ code: 'custom', message, path: [key] });
    }
  })
  .transform(
    ({ topology, replicas, sentinels, downAfter, failoverTimeout, masters, ownLinks, config }): RedisSpec => ({
      topology,
      replicas: replicas ?? (topology === 'standalone' ? 0 : 1),
      ...(topology === 'sentinel' && {
        sentinel: {
          count: sentinels ?? SENTINELS,
          downAfterMs: downAfter ?? DOWN_AFTER_MS,
          failoverTimeoutMs: failoverTimeout ?? FAILOVER_TIMEOUT_MS,
        },
      }),
      ...(topology === 'cluster' && { masters: masters ?? MASTERS }),
      ...(ownLinks.length > 0 && { ownLinks }),
      config: Object.fromEntries(Object.entries(config).map(([key, value]) => [key, redisValue(value)])),
    }),
  );

export const environment = z.strictObject({ redis }).prefault({}).describe('The servers that the run starts.');

export const producers = z.strictObject({ workers }).prefault({}).describe('Processes that send.');

const keys = z
  .union(
    [
      positiveCount.transform((count): KeySpec => ({ kind: 'uniform', count })),
      z.literal('none').transform((): KeySpec => ({ kind: 'none' })),
      z
        .strictObject({
          zipf: positiveCount,
          exponent: z.number().positive().max(10).default(1.1).describe('P(rank k) ~ 1 / k^exponent.'),
        })
        .transform(({ zipf, exponent }): KeySpec => ({ kind: 'zipf', count: zipf, exponent })),
    ],
    'a number of keys such as 1000, none, or { zipf: 1000, exponent: 1.1 }',
  )
  .prefault(1000)
  .describe('Ordering keys: so many drawn evenly, or by Zipf, or none.');

const priorities = z
  .array(share)
  .min(1)
  .max(16)
  .refine(addsUpToOne, 'shares that add up to 100%')
  .prefault(['100%'])
  .describe('Shares by priority, the most important first.');

const poison = z
  .strictObject({ undecodable: share, failing: share } satisfies Record<(typeof POISON_KINDS)[number], unknown>)
  .partial()
  .refine(
    (shares) => Object.values(shares).reduce<number>((sum, one) => sum + (one ?? 0), 0) <= 1,
    'shares of at most 100% together',
  )
  .prefault({})
  .transform((shares) => {
    return Object.fromEntries(POISON_KINDS.flatMap((kind) => (shares[kind] ? [[kind, shares[kind]]] : [])));
  })
  .describe('Share of all messages that no handler can handle, by kind.');

export const message = z
  .strictObject({
    size: positiveSize
      .refine((bytes) => bytes >= HEADER_BYTES, `a size of at least ${HEADER_BYTES}B, which the header takes`)
      .refine((bytes) => bytes <= 512 * 1024 ** 2, 'a size of at most 512MiB, the longest string that Redis holds')
      .prefault('1KiB')
      .describe('The whole payload.'),
    keys,
    priorities,
    poison,
    deadline: positiveDuration
      .optional()
      .describe('What is handled later than this after it was due is of no use: for goodput, which needs it.'),
    publishDeadline: positiveDuration.prefault('30s').describe('Longest wait for the outcome of a publish.'),
  })
  .prefault({})
  .transform(({ size, publishDeadline, deadline, ...rest }) => ({
    sizeBytes: size,
    ...rest,
    ...(deadline !== undefined && { deadlineMs: deadline }),
    publishDeadlineMs: publishDeadline,
  }));

const ARRIVAL_KEYS =
  'one of rate: 10000/s, ramp: { from: 0, to: 10000/s }, poisson: 10000/s or burst: { size: 500, every: 1s }';

export const phase = z
  .strictObject({
    name: name.describe('What fault times and gates refer to.'),
    rate: positiveRate.optional().describe('Constant.'),
    ramp: z
      .strictObject({ from: rate, to: rate })
      .refine(({ from, to }) => from + to > 0, 'a rate above zero at one end')
      .optional()
      .describe('Grows or falls linearly.'),
    poisson: positiveRate.optional().describe('Independent arrivals with this mean.'),
    burst: z
      .strictObject({
        rate: rate.prefault(0).describe('Between the bursts.'),
        size: positiveCount.describe('Sent at once.'),
        every: positiveDuration,
      })
      .optional()
      .describe('So many messages at once, again and again.'),
    for: positiveDuration,
    measure: z.boolean().default(true).describe('false: left out of rates and latencies, never of loss and order.'),
  })
  .meta({ oneOf: ['rate', 'ramp', 'poisson', 'burst'].map(onlyNeeds) })
  .transform((raw, context): PhaseSpec => {
    const arrivals = arrivalsOf(raw);
    if (arrivals.length === 0) {
      context.issues.push({ code: 'custom', message: ARRIVAL_KEYS, input: undefined, path: ['rate'] });
      return z.NEVER;
    }
    if (arrivals.length > 1) {
      context.issues.push({ code: 'custom', message: `only ${ARRIVAL_KEYS}`, input: raw });
      return z.NEVER;
    }
    return { name: raw.name, arrivals: arrivals[0]!, durationMs: raw.for, measure: raw.measure };
  });

export const phases = z.array(phase).min(1).max(MAX_PHASES).describe('One after the other.');
export const load = z.strictObject({ message, phases }).describe('What is sent, and when it is due.');

export const drain = z
  .strictObject({
    deadline: positiveDuration.prefault('30s').describe('Longest wait for the last message.'),
    inventory: positiveDuration
      .prefault('30s')
      .describe('Longest wait for two readings in a row of what the system still holds that agree.'),
  })
  .prefault({})
  .transform(({ deadline, inventory }) => ({ deadlineMs: deadline, inventoryMs: inventory }))
  .describe('After the load.');

interface RawPhase {
  readonly rate?: number | undefined;
  readonly ramp?: { readonly from: number; readonly to: number } | undefined;
  readonly poisson?: number | undefined;
  readonly burst?: { readonly rate: number; readonly size: number; readonly every: number } | undefined;
}

function arrivalsOf({ rate, ramp, poisson, burst }: RawPhase): Arrivals[] {
  const found: Arrivals[] = [];
  if (rate !== undefined) found.push({ kind: 'constant', ratePerSec: rate });
  if (ramp !== undefined) found.push({ kind: 'ramp', fromPerSec: ramp.from, toPerSec: ramp.to });
  if (poisson !== undefined) found.push({ kind: 'poisson', ratePerSec: poisson });
  if (burst !== undefined) {
    found.push({ kind: 'burst', ratePerSec: burst.rate, burstSize: burst.size, everyMs: burst.every });
  }
  return found;
}

/** JSON Schema of an object that has this key. */
function onlyNeeds(key: string) {
  return { type: 'object', properties: { [key]: {} }, required: [key] };
}

function addsUpToOne(shares: readonly number[]): boolean {
  return Math.abs(shares.reduce((sum, one) => sum + one, 0) - 1) < 1e-9;
}

function redisValue(value: string | number | boolean): string {
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return String(value);
}
