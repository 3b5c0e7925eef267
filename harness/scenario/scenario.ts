/** A scenario after parsing: every unit resolved, every default filled in. All durations are milliseconds. */
export interface Scenario {
  readonly name: string;
  readonly description: string;
  readonly tags: readonly string[];
  readonly seed: number;
  readonly system: SystemSpec;
  readonly environment: { readonly redis: RedisSpec };
  readonly producers: { readonly workers: number };
  readonly consumers: ConsumersSpec;
  readonly load: LoadSpec;
  readonly faults: readonly FaultSpec[];
  readonly gates: readonly Gate[];
  readonly drain: { readonly deadlineMs: number; readonly inventoryMs: number };
  /** Where it came from: for messages and the report. */
  readonly source: {
    readonly path: string;
    readonly text: string;
    /** Flags that changed it, as given: `load.message.size=4KiB`. */
    readonly overrides?: readonly string[];
  };
}

export interface SystemSpec {
  /** A built-in driver's name, an absolute path to a module, or a package name. */
  readonly driver: string;
  readonly options: Readonly<Record<string, unknown>>;
}

export const TOPOLOGIES = ['standalone', 'replicated', 'sentinel', 'cluster'] as const;
export type Topology = (typeof TOPOLOGIES)[number];

export interface RedisSpec {
  readonly topology: Topology;
  /** Replicas of the master, in a cluster of each master; 0 for `standalone`. */
  readonly replicas: number;
  /** Only with the topology `sentinel`. */
  readonly sentinel?: SentinelSpec;
  /** Only with the topology `cluster`. */
  readonly masters?: number;
  /** Workers (`producer-2`) with client links of their own to every node. */
  readonly ownLinks?: readonly string[];
  /** redis.conf directives; the YAML's true and false are "yes" and "no". */
  readonly config: Readonly<Record<string, string>>;
}

export interface SentinelSpec {
  /** An odd number of at least 3; a majority of them decides. */
  readonly count: number;
  /** Silence after which a Sentinel holds a node for down. */
  readonly downAfterMs: number;
  /** A failover that does not come about is tried again after twice this time. */
  readonly failoverTimeoutMs: number;
}

export interface ConsumersSpec {
  /** With `autoscale`: the fewest, with which it begins. */
  readonly workers: number;
  /** Of the group, in each worker. */
  readonly members: number;
  /** The system itself decides how many workers there are, from `workers` to `max`. */
  readonly autoscale?: { readonly max: number };
  /** Messages one member handles at a time. */
  readonly concurrency: number;
  readonly handler: HandlerSpec;
  /** Workers (`consumer-2`) whose handler is another one than that of their peers. */
  readonly except?: Readonly<Record<string, OtherHandler>>;
}

export interface OtherHandler {
  readonly handler: HandlerSpec;
  /** While these phases last, by the clock, whenever a message was due; undefined: always. */
  readonly during?: readonly string[];
}

export interface HandlerSpec {
  /** Waits this long for each message (0: returns at once). */
  readonly timeMs: number;
  /** Burns CPU this long for each message. */
  readonly cpuMs: number;
  /** Share of handlings (0..1) that throw a transient error, drawn from the seed, the ordinal and the attempt. */
  readonly failShare: number;
}

export interface LoadSpec {
  readonly message: MessageSpec;
  readonly phases: readonly PhaseSpec[];
}

export interface MessageSpec {
  /** Bytes of the whole payload, header included (at least the header's size). */
  readonly sizeBytes: number;
  readonly keys: KeySpec;
  /** Shares by priority, 0 first; they add up to 1. `[1]`: all the same. */
  readonly priorities: readonly number[];
  /** Share (0..1) of all messages that is poison, by kind. */
  readonly poison: Readonly<Partial<Record<PoisonKind, number>>>;
  /** How long a producer waits for an outcome before the message counts as unanswered (plus 5 s). */
  readonly publishDeadlineMs: number;
  /** What is not handled by then, from its intended send time, is of no use any more: for `goodput`. */
  readonly deadlineMs?: number;
}

export type KeySpec =
  | { readonly kind: 'none' }
  | { readonly kind: 'uniform'; readonly count: number }
  /** P(rank k) ~ 1 / k^exponent. */
  | { readonly kind: 'zipf'; readonly count: number; readonly exponent: number };

/** `undecodable`: bytes that the application cannot parse. `failing`: its handler throws every time. */
export const POISON_KINDS = ['undecodable', 'failing'] as const;
export type PoisonKind = (typeof POISON_KINDS)[number];

export interface PhaseSpec {
  readonly name: string;
  readonly arrivals: Arrivals;
  readonly durationMs: number;
  /** false: left out of rates and latencies (never of loss, order and duplicates). */
  readonly measure: boolean;
}

/** When messages are due: an open model, fixed in advance by plan and seed. Rates in messages a second. */
export type Arrivals =
  | { readonly kind: 'constant'; readonly ratePerSec: number }
  | { readonly kind: 'ramp'; readonly fromPerSec: number; readonly toPerSec: number }
  | { readonly kind: 'poisson'; readonly ratePerSec: number }
  /** `ratePerSec`, and on top of it `burstSize` messages at once every `everyMs`. */
  | { readonly kind: 'burst'; readonly ratePerSec: number; readonly burstSize: number; readonly everyMs: number };

export interface FaultSpec {
  /** Unique; given, or `<kind>-<n>`. */
  readonly id: string;
  /** Name in the fault registry: `latency`, `down`, `kill`, ... */
  readonly kind: string;
  readonly at: FaultTime;
  /** Lifted after this long; undefined: when the load ends. */
  readonly forMs?: number;
  /** Repeats: injected `times` times, each `everyMs` after the last injection. */
  readonly repeat?: { readonly everyMs: number; readonly times: number };
  /** Parameters of the kind, validated by its registry entry: sizes in bytes, durations in ms. */
  readonly params: Readonly<Record<string, FaultParam>>;
}

/** A name or quantity, a flag, several names, or settings by name. */
export type FaultParam = string | number | boolean | readonly string[] | Readonly<Record<string, string>>;

/** `<phase> + d` | `<fault> + d` | `<fault> lifted + d` | `d` from the start of the load. */
export type FaultTime =
  | { readonly after: 'start'; readonly offsetMs: number }
  | { readonly after: 'phase'; readonly phase: string; readonly offsetMs: number }
  | { readonly after: 'injected' | 'lifted'; readonly fault: string; readonly offsetMs: number };

export const GATE_OPERATORS = ['==', '!=', '<=', '<', '>=', '>'] as const;
export type GateOperator = (typeof GATE_OPERATORS)[number];

export interface Gate {
  /** As written, or the implicit gate's canonical text. */
  readonly text: string;
  /** A name in the metric registry: `lost`, `latency.p99`, `duplicated.unexcused`, ... */
  readonly metric: string;
  readonly operator: GateOperator;
  readonly limit: Quantity;
  readonly scope: GateScope;
  /** Decide on the interval's bound at this level (0..1) instead of the observed value. */
  readonly confidence?: number;
  readonly implicit: boolean;
}

/** A limit in the metric's base unit: ms, share (0..1), messages, messages a second, or a plain number. */
export interface Quantity {
  readonly value: number;
  readonly unit: Unit;
}
export type Unit = 'ms' | 'share' | 'count' | 'per-sec' | 'number';

export type GateScope =
  /** All measured phases for rates and latencies; everything for counts. */
  | { readonly kind: 'default' }
  | { readonly kind: 'overall' }
  | { readonly kind: 'during'; readonly phases: readonly string[] }
  /** `lifted`: after its lifting instead of its injection. */
  | { readonly kind: 'after'; readonly fault: string; readonly lifted?: true }
  | { readonly kind: 'outside-faults' };
