import { BrokerError } from '../broker-error.js';
import type { Capacity } from './desired-members.js';
import type { ScaleLimits } from './scale-decider.js';
import type { Scaler } from './scaler.js';

export interface AutoscaleOptions {
  /** What starts and ends members. Whoever made it ends it. */
  readonly scaler: Scaler;
  /** Fewest members (default 1; at least 1, since it is members that report load). */
  readonly min?: number;
  /** Most members (default, and at most: as many as there are partitions: more would stand by). */
  readonly max?: number;
  /** The part of its handlers that a member is to have busy (default 0.7). */
  readonly targetUtilization?: number;
  /** In this time the backlog is to be gone (default 30,000). */
  readonly drainMs?: number;
  /** Needs that differ from what there is by less than this part of it change nothing (default 0.1). */
  readonly tolerance?: number;
  /** Scaled in is only to what would have been enough for this long (default 60,000). */
  readonly scaleInHoldMs?: number;
  /** After a change nothing is scaled in for this long (default 30,000). */
  readonly coolDownMs?: number;
  /** How often it looks (default 1,000). */
  readonly everyMs?: number;
  /** Told what it saw each time that it looked, once something was handled. */
  readonly onLook?: (look: ScalingLook) => void;
}

/** What a group has to do, and how many members that takes. */
export interface ScalingLook {
  /** What the scaler was told last. */
  readonly members: number;
  /** How many the load needs, those that drain included: before tolerance, hold time and limits. */
  readonly needed: number;
  readonly ratePerSec: number;
  readonly backlog: number;
  /** What a handler takes. */
  readonly serviceMs: number;
  /** Every partition is in it: else it is so much at the least. */
  readonly isWhole: boolean;
}

export interface ResolvedAutoscaleOptions extends ScaleLimits, Capacity {
  readonly scaler: Scaler;
  readonly everyMs: number;
  readonly onLook: (look: ScalingLook) => void;
}

/** Throws `bad-option`. */
export function resolveAutoscaleOptions(options: AutoscaleOptions, partitions: number): ResolvedAutoscaleOptions {
  const { scaler, min = 1, max = partitions, targetUtilization = 0.7, drainMs = 30_000, tolerance = 0.1 } = options;
  const { scaleInHoldMs = 60_000, coolDownMs = 30_000, everyMs = 1_000, onLook = () => {} } = options;
  if (typeof scaler?.scaleTo !== 'function') throw bad('scaler', scaler, 'an object with scaleTo');
  if (!Number.isInteger(min) || min < 1) throw bad('min', min, 'a whole number of at least 1');
  if (!Number.isInteger(max) || max < min) throw bad('max', max, `a whole number of at least min, ${min}`);
  if (min > partitions) throw bad('min', min, `at most as many as there are partitions, ${partitions}`);
  if (!(targetUtilization > 0 && targetUtilization <= 1)) {
    throw bad('targetUtilization', targetUtilization, 'above 0, at most 1');
  }
  if (!(tolerance >= 0 && tolerance < 1)) throw bad('tolerance', tolerance, 'at least 0, below 1');
  for (const [name, value] of Object.entries({ drainMs, everyMs })) {
    if (!(value > 0)) throw bad(name, value, 'a number above 0');
  }
  for (const [name, value] of Object.entries({ scaleInHoldMs, coolDownMs })) {
    if (!(value >= 0)) throw bad(name, value, 'a number of at least 0');
  }
  const limits = { min, max: Math.min(max, partitions), tolerance, scaleInHoldMs, coolDownMs };
  return { scaler, targetUtilization, drainMs, everyMs, onLook, ...limits };
}

function bad(name: string, value: unknown, expected: string): BrokerError {
  return new BrokerError('bad-option', `${name} ${String(value)}: ${expected}`);
}
