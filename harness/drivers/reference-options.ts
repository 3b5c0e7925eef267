import { type BalancingOptions, resolveBalancing } from '../../broker/groups/balancing.js';
import type { BreakerOptions, HealthOptions, PoisonOptions, RetryBudgetOptions } from '../../broker/index.js';
import { DURABILITIES, type Durability, type OnReplicaLoss, REPLICA_LOSS_POLICIES } from '../../broker/log/message.js';
import { resolveRetryOptions } from '../../broker/recovery/retries/retry-options.js';
import { type AutoscaleOptions, resolveAutoscaleOptions } from '../../broker/scaling/autoscale-options.js';
import { didYouMean } from '../scenario/suggest.js';
import type { DriverCapabilities } from './driver.js';
import { DriverError } from './driver-error.js';
import { HEALTH_OPTIONS, healthOptionProblem, isHealthOption, refusalOf } from './reference-health-options.js';
import { isPoisonOption, POISON_OPTIONS, poisonOptionProblem } from './reference-poison-options.js';

/** `system.options` of the reference driver. */
export interface ReferenceOptions extends HealthOptions, PoisonOptions {
  readonly partitions: number;
  readonly durability: Durability;
  /** What `replicated` and `fsync` do without all replicas. */
  readonly onReplicaLoss: OnReplicaLoss;
  readonly ordering: 'key' | 'none';
  /** Handlings before a message becomes a dead letter. */
  readonly maxAttempts: number;
  readonly retryBaseMs: number;
  readonly retryCapMs: number;
  /** How many retries there may be; `false`: as many as are due. */
  readonly retryBudget: Partial<RetryBudgetOptions> | false;
  /** When handlers are paused that fail; `false`: never. */
  readonly breaker: Partial<BreakerOptions> | false;
  readonly publishTimeoutMs: number;
  /** A partition whose owner has shown no life for this long is taken over. */
  readonly leaseDurationMs: number;
  readonly leaseRenewMs: number;
  /** An owner that was not confirmed for this long stops. */
  readonly leaseStopMs: number;
  /** How partitions follow load; `false`: members get as many as each other, whatever lies in them. */
  readonly balancing: BalancingOptions | false;
  /** Of the broker's autoscaler, where the scenario has one. */
  readonly autoscale: ScalingPolicy;
}

/** How an autoscaler decides: its limits are the scenario's. */
export type ScalingPolicy = Omit<AutoscaleOptions, 'scaler' | 'min' | 'max' | 'onLook'>;

const DEFAULTS: ReferenceOptions = {
  partitions: 16,
  durability: 'leader',
  onReplicaLoss: 'survivors',
  ordering: 'key',
  maxAttempts: 5,
  retryBaseMs: 50,
  retryCapMs: 1_000,
  retryBudget: {},
  // A scenario lasts a minute: what is down in it is up again within seconds, and a pause of half a minute would hide that.
  breaker: { maxOpenMs: 5_000 },
  publishTimeoutMs: 25_000,
  leaseDurationMs: 2_000,
  leaseRenewMs: 500,
  leaseStopMs: 1_400,
  balancing: {},
  autoscale: {},
};

const CHOICES: Partial<Record<keyof ReferenceOptions, readonly string[]>> = {
  durability: DURABILITIES,
  onReplicaLoss: REPLICA_LOSS_POLICIES,
  ordering: ['key', 'none'],
};

/** Validates the options of the scenario. Throws {@link DriverError} that names every wrong one. */
export function parseReferenceOptions(given: Readonly<Record<string, unknown>>): ReferenceOptions {
  const problems = Object.values(referenceOptionProblems(given));
  if (problems.length > 0) throw new DriverError('bad-option', `system.options: ${problems.join('; ')}`);
  return { ...DEFAULTS, ...given };
}

/** Reconnecting after a broken connection, on top of the longest pause before a retry or a takeover. */
const RECONNECT_ALLOWANCE_MS = 1_000;

/** What the driver is capable of with these options. */
export function referenceCapabilities(options: ReferenceOptions): DriverCapabilities {
  return {
    ordering: options.ordering,
    inventory: true,
    autoscale: true,
    redeliveryAfterMs: Math.max(longestRetryMs(options), options.leaseDurationMs) + RECONNECT_ALLOWANCE_MS,
    maxAttempts: options.maxAttempts,
    durability: options.durability,
    severalMembers: true,
  };
}

function longestRetryMs(options: ReferenceOptions): number {
  const { breaker } = resolveRetryOptions(options);
  return Math.max(options.retryCapMs, breaker?.maxOpenMs ?? 0);
}

/** What is wrong with the options, by name; empty: nothing. */
export function referenceOptionProblems(given: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> {
  const problems = Object.entries(given).flatMap(([name, value]) => {
    const problem = isPoisonOption(name) ? poisonOptionProblem(name, value, given.hangingMs) : problemOf(name, value);
    return problem === undefined ? [] : [[name, problem] as const];
  });
  if (problems.length > 0) return Object.fromEntries(problems);
  const { leaseRenewMs, leaseStopMs, leaseDurationMs } = { ...DEFAULTS, ...given } as ReferenceOptions;
  if (leaseRenewMs < leaseStopMs && leaseStopMs < leaseDurationMs) return {};
  const times = `leaseRenewMs ${leaseRenewMs}, leaseStopMs ${leaseStopMs}, leaseDurationMs ${leaseDurationMs}`;
  const wrong = LEASE_TIMES.find((name) => Object.hasOwn(given, name)) ?? 'leaseDurationMs';
  return { [wrong]: `${times}: each must be below the next` };
}

const LEASE_TIMES = ['leaseDurationMs', 'leaseStopMs', 'leaseRenewMs'] as const;

function problemOf(name: string, value: unknown): string | undefined {
  if (isHealthOption(name)) return healthOptionProblem(name, value);
  if (!Object.hasOwn(DEFAULTS, name)) {
    const names = [...Object.keys(DEFAULTS), ...HEALTH_OPTIONS, ...POISON_OPTIONS];
    return `${name} is unknown.${didYouMean(name, names)} There are: ${names.join(', ')}`;
  }
  if (MAY_BE_OFF.has(name) && value === false) return undefined;
  if (name === 'balancing') return mappingProblem(name, value, BALANCING, resolveBalancing, 'false, or ');
  if (name === 'retryBudget') return mappingProblem(name, value, BUDGET, resolveBudget, 'false, or ');
  if (name === 'breaker') return mappingProblem(name, value, BREAKER, resolveBreaker, 'false, or ');
  if (name === 'autoscale') return mappingProblem(name, value, SCALING, resolveScaling);
  const choices = CHOICES[name as keyof ReferenceOptions];
  if (choices !== undefined) {
    if (typeof value === 'string' && choices.includes(value)) return undefined;
    return `${name} ${JSON.stringify(value)}: one of ${choices.join(', ')}`;
  }
  if (Number.isInteger(value) && (value as number) >= 1) return undefined;
  return `${name} ${JSON.stringify(value)}: a whole number of at least 1`;
}

const MAY_BE_OFF: ReadonlySet<string> = new Set<keyof ReferenceOptions>(['balancing', 'retryBudget', 'breaker']);
const RETRIES = resolveRetryOptions({});
const BUDGET = Object.keys(RETRIES.budget!);
const BREAKER = Object.keys(RETRIES.breaker!);
const BALANCING = Object.keys(resolveBalancing({})!);
const SCALING: readonly (keyof ScalingPolicy)[] = [
  'targetUtilization',
  'drainMs',
  'tolerance',
  'scaleInHoldMs',
  'coolDownMs',
  'everyMs',
];

const resolveBudget = (retryBudget: Partial<RetryBudgetOptions>) => void resolveRetryOptions({ retryBudget });
const resolveBreaker = (breaker: Partial<BreakerOptions>) => void resolveRetryOptions({ breaker });

function resolveScaling(policy: ScalingPolicy): void {
  resolveAutoscaleOptions({ ...policy, scaler: { scaleTo: async () => {} } }, 1);
}

/** The broker itself says what makes no sense. */
function mappingProblem(
  name: string,
  value: unknown,
  known: readonly string[],
  resolve: (value: object) => void,
  orElse = '',
): string | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return `${name} ${JSON.stringify(value)}: ${orElse}a mapping with ${known.join(', ')}`;
  }
  const unknown = Object.keys(value).find((key) => !known.includes(key));
  if (unknown !== undefined) {
    return `${name}.${unknown} is unknown.${didYouMean(unknown, known)} There are: ${known.join(', ')}`;
  }
  const refusal = refusalOf(() => resolve(value));
  return refusal === undefined || refusal.startsWith(`${name}.`) ? refusal : `${name}.${refusal}`;
}
