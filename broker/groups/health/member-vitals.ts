import type { MemberReport } from '../roster.js';
import type { OwnFinding, PoisonLoop } from './finding.js';
import type { HandlerReadings } from './handler-meter.js';

/** What a member measures of itself, and tells the others with its beats. */
export interface MemberVitals extends HandlerReadings {
  /** How often it beats. */
  readonly beatMs: number;
  readonly inFlight: number;
  /** Age of the handler that has run longest; 0 where none runs. */
  readonly oldestMs: number;
  /** The longest that its event loop stood still since its last report. */
  readonly loopDelayMs: number;
  /** Partitions whose leases it holds: one for each master. */
  readonly held: readonly number[];
  readonly findings: readonly OwnFinding[];
  readonly poison: readonly PoisonLoop[];
}

const OWN: ReadonlySet<unknown> = new Set<OwnFinding['kind']>(['stuck', 'stalled', 'unleased']);

const NUMBERS = [
  'serviceMs',
  'failureRatio',
  'handlings',
  'handledPerSec',
  'failedPerSec',
  'beatMs',
  'inFlight',
  'oldestMs',
  'loopDelayMs',
] as const satisfies readonly (keyof MemberVitals)[];

/** What is told: it goes to every member with every beat, so no digits that nobody needs. */
export function toldOf(vitals: MemberVitals): Partial<MemberVitals> {
  const numbers = NUMBERS.map((name) => [name, Math.round(vitals[name] * 1_000) / 1_000]);
  const { held, findings, poison } = vitals;
  return {
    ...Object.fromEntries(numbers),
    ...(held.length > 0 ? { held } : {}),
    ...(findings.length > 0 ? { findings } : {}),
    ...(poison.length > 0 ? { poison } : {}),
  };
}

/** What a member has told; undefined where it has not, or speaks another version. */
export function vitalsOf({ health }: MemberReport): MemberVitals | undefined {
  if (typeof health !== 'object' || health === null) return undefined;
  const told = health as Partial<MemberVitals>;
  if (!NUMBERS.every((name) => Number.isFinite(told[name]))) return undefined;
  const findings = listOf(told.findings).filter(({ kind }) => OWN.has(kind));
  const held = Array.isArray(told.held) ? told.held.filter((one) => Number.isInteger(one)) : [];
  return { ...(told as MemberVitals), held, findings, poison: listOf(told.poison) };
}

function listOf<T>(told: readonly T[] | undefined): readonly T[] {
  return Array.isArray(told) ? told.filter((one) => typeof one === 'object' && one !== null) : [];
}
