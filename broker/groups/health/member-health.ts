import type { HealthFinding, PoisonLoop } from './finding.js';
import type { MemberVitals } from './member-vitals.js';

/** The state of a member by its gravest finding. */
export type HealthState = 'healthy' | HealthFinding['kind'];

/** A member's health as another one, or itself, sees it. */
export interface MemberHealth {
  readonly member: string;
  readonly state: HealthState;
  /** All that was found, the gravest first. */
  readonly findings: readonly HealthFinding[];
  /** It hands its partitions over, and is given none. */
  readonly isDraining: boolean;
  /** How surprising its silence is: see `phiThreshold`. */
  readonly phi: number;
  /** What it last told of itself; undefined before its first report. */
  readonly vitals: MemberVitals | undefined;
}

/** A group as one of its members sees it. */
export interface GroupHealth {
  /** Those that are there: not those that have closed and are awaited. */
  readonly members: readonly MemberHealth[];
  /** Messages that fail on several members. */
  readonly poison: readonly PoisonLoop[];
  /** How long ago this was seen: it grows while Redis cannot be reached. */
  readonly ageMs: number;
}

const GRAVEST_FIRST = [
  'suspect',
  'unleased',
  'stalled',
  'stuck',
  'failing',
  'slow',
] as const satisfies HealthFinding['kind'][];

export function gravestFirst(findings: readonly HealthFinding[]): HealthFinding[] {
  return [...findings].sort((a, b) => GRAVEST_FIRST.indexOf(a.kind) - GRAVEST_FIRST.indexOf(b.kind));
}
