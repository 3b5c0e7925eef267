import { z } from 'zod';
import { scaling } from './scaling.js';
import { heatMap, series } from './series.js';

/**
 * results.json, version 1: the one product of a run. Everything else is rendered from it and can be rendered again.
 * Times are milliseconds from the start of the load unless a name says otherwise; wall times are ISO 8601.
 */
export const RESULTS_VERSION = 1;

const verdict = z.enum(['pass', 'fail', 'inconclusive']);
const nullableNumber = z.number().nullable();

const machine = z.object({
  cpu: z.string(),
  cores: z.number().int(),
  memoryBytes: z.number(),
  os: z.string(),
  governor: z.string().nullable(),
});

const run = z.object({
  id: z.string(),
  startedAt: z.string(),
  /** Which of `--repeat`, from 1. */
  repetition: z.number().int(),
  /** With `--rerun-inconclusive`, from 2: which run of this repetition it is. All before it were inconclusive. */
  attempt: z.number().int().optional(),
  scenario: z.object({
    name: z.string(),
    description: z.string(),
    tags: z.array(z.string()),
    path: z.string(),
    source: z.string(),
    sha256: z.string(),
  }),
  seed: z.number(),
  nonce: z.string(),
  driver: z.object({
    name: z.string(),
    version: z.string(),
    options: z.record(z.string(), z.unknown()),
    /** What an acknowledgement stands for, in the driver's own words. */
    durability: z.string().optional(),
  }),
  environment: z.object({
    kind: z.string(),
    topology: z.string(),
    /** Of each master. */
    replicas: z.number().int(),
    /** With the topology `cluster`. */
    masters: z.number().int().optional(),
    /** With the topology `sentinel`. */
    sentinels: z.number().int().optional(),
    redisConfig: z.record(z.string(), z.string()),
  }),
  versions: z.object({ gauntlet: z.string(), redis: z.string(), toxiproxy: z.string(), node: z.string() }),
  machine,
  gitCommit: z.string().nullable(),
  /** The command that reproduces the run. */
  command: z.string(),
  /** Duration of each stage in ms: provision, prepare, load, drain, judge, ... */
  stagesMs: z.record(z.string(), z.number()),
});

/** A gate in all runs of `--repeat` that came to a verdict. */
const overRuns = z.object({
  runs: z.number().int(),
  passed: z.number().int(),
  /** Pass only if it passed in every run. */
  verdict,
  /** null: infinite, or not measurable. */
  median: nullableNumber,
  /** Of the median, at `confidence`: with fewer than six runs the lowest and the highest value. */
  interval: z.tuple([nullableNumber, nullableNumber]),
  confidence: z.number(),
});

const gate = z.object({
  expression: z.string(),
  metric: z.string(),
  scope: z.string(),
  implicit: z.boolean(),
  verdict,
  /** null: infinite, or not measurable. */
  observed: nullableNumber,
  limit: z.number(),
  operator: z.string(),
  unit: z.enum(['ms', 'share', 'count', 'per-sec', 'number']),
  /** How far inside (positive) or outside (negative) of the limit, in the gate's unit. */
  margin: nullableNumber,
  interval: z.tuple([nullableNumber, nullableNumber]).nullable(),
  confidence: z.number(),
  samples: z.number(),
  /** Why it failed or is inconclusive, or what the value alone does not say. */
  note: z.string().nullable(),
  /** With the verdict inconclusive: what kept the gate from another one. */
  obstacle: z.enum(['disturbed-machine', 'damaged-ledger', 'absent-fault', 'no-interval']).optional(),
  /** Observed values of every repetition, this one included. */
  repeats: z.array(nullableNumber),
  /** With `--repeat`. */
  overRuns: overRuns.optional(),
});

const story = z.object({
  id: z.string(),
  ordinal: z.number().int(),
  key: z.string().nullable(),
  phase: z.string(),
  /** What happened, in order: `12.3 ms sent by producer-1`. */
  events: z.array(z.object({ atMs: z.number(), text: z.string() })),
  faults: z.array(z.string()),
  /** End-to-end latency where it has one: stories with it become exemplars in metrics.txt. */
  latencyMs: nullableNumber.optional(),
});

const count = z.object({ value: z.number(), share: nullableNumber });

const ledger = z.object({
  /**
   * Every count of the ledger by its metric name. The flow of the report reads `planned`, `withheld`, `offered`,
   * `unsent`, `rejected`, `indeterminate`, `accepted`, `delivered`, `dead-lettered`, `quarantined`, `stranded`, `lost`.
   */
  counts: z.record(z.string(), count),
  /** Up to 50 messages of each violation class, by metric name. */
  examples: z.record(z.string(), z.array(story)),
  /** The slowest delivered messages of each phase, end to end. */
  slowest: z.array(story).optional(),
  inventory: z.object({
    available: z.boolean(),
    stable: z.boolean(),
    scans: z.number(),
    problem: z.string().nullable(),
    places: z.record(z.string(), z.number()),
  }),
  records: z.number(),
  damage: z.array(z.string()),
});

const percentiles = z.object({
  count: z.number(),
  p50: nullableNumber,
  p90: nullableNumber,
  p99: nullableNumber,
  p999: nullableNumber,
  max: nullableNumber,
});

/** Milliseconds in the figures; microseconds in the histogram (HDR V2 compressed, base64, 1 us to 10 min, 3 digits). */
const latency = z.object({ summary: percentiles, histogram: z.string(), undelivered: z.number() });

const phase = z.object({
  name: z.string(),
  measure: z.boolean(),
  startMs: z.number(),
  endMs: z.number(),
  planned: z.number(),
  accepted: z.number(),
  throughputPerSec: z.number(),
  e2e: latency,
  done: latency,
  publish: latency,
  /** START minus SENT: what a tool that forgets coordinated omission would have shown. */
  uncorrected: latency,
});

const fault = z.object({
  id: z.string(),
  kind: z.string(),
  description: z.string(),
  plannedMs: z.number(),
  injectedMs: nullableNumber,
  liftedMs: nullableNumber,
  tookHold: z.boolean(),
  observed: z.string(),
  affected: z.array(z.string()),
  recoveryMs: nullableNumber,
  unavailableMs: nullableNumber,
});

const event = z.object({
  atMs: z.number(),
  kind: z.enum(['fault', 'worker', 'server', 'driver', 'harness']),
  text: z.string(),
});

const instrument = z.object({
  lag: latency,
  /** Share of the plan that the generator made in its worst second. */
  worstSecondShare: nullableNumber,
  probeStallMaxMs: nullableNumber,
  stealMax: nullableNumber,
  clock: z.string(),
  /** What was wrong with the instrument: each makes the run inconclusive. */
  problems: z.array(z.string()),
});

export const resultsSchema = z
  .object({
    gauntletResults: z.literal(RESULTS_VERSION),
    run,
    verdict,
    /** One sentence. */
    reason: z.string(),
    gates: z.array(gate),
    /** Implicit gates that were not judged since the driver's capabilities leave nothing to judge by. */
    gatesLeftOut: z.array(z.object({ expression: z.string(), reason: z.string() })).optional(),
    ledger,
    overall: z.object({ e2e: latency, done: latency, publish: latency, uncorrected: latency }),
    phases: z.array(phase),
    faults: z.array(fault),
    events: z.array(event),
    series,
    heatMap: heatMap.optional(),
    scaling: scaling.optional(),
    instrument,
    /** What the driver says about itself, apart from what was measured from outside. */
    system: z.record(z.string(), z.number()),
    /** Log files, relative to the folder that holds this results.json. */
    logs: z.array(z.string()),
    /** Definition of each metric by name, as `gauntlet list metrics` shows it; they override the built-in ones. */
    definitions: z.record(z.string(), z.string()).optional(),
  })
  .meta({ title: 'Gauntlet results' });

export type Results = z.infer<typeof resultsSchema>;
export type Verdict = z.infer<typeof verdict>;
export type GateResult = z.infer<typeof gate>;
export type OverRuns = z.infer<typeof overRuns>;
export type Story = z.infer<typeof story>;
export type LatencyResult = z.infer<typeof latency>;
export type PhaseResult = z.infer<typeof phase>;
export type FaultResult = z.infer<typeof fault>;
export type RunEvent = z.infer<typeof event>;
export type Series = z.infer<typeof series>;
export type HeatMap = z.infer<typeof heatMap>;

/** suite.json: what `index.html` of the report folder, junit.xml and summary.md are made from. */
export const suiteSchema = z.object({
  gauntletSuite: z.literal(1),
  startedAt: z.string(),
  durationMs: z.number(),
  verdict,
  exitCode: z.number().int(),
  command: z.string(),
  /** How often an inconclusive run was to be made again; absent: never. */
  rerunInconclusive: z.number().int().optional(),
  scenarios: z.array(
    z.object({
      name: z.string(),
      /** Folder below the report folder that holds its results.json, or null when it never ran. */
      folder: z.string().nullable(),
      verdict: z.enum(['pass', 'fail', 'inconclusive', 'error', 'interrupted']),
      reason: z.string(),
      /** Of the run that the verdict is from, without the ones before it. */
      durationMs: z.number(),
      /** The runs before it in order, all inconclusive: each with its own report. */
      earlier: z.array(z.object({ folder: z.string(), reason: z.string(), durationMs: z.number() })).optional(),
      /** Logs that a run without results left, relative to the report folder. */
      logs: z.array(z.string()).optional(),
    }),
  ),
});
export type Suite = z.infer<typeof suiteSchema>;
