import type { Roster, Seat } from '../roster.js';
import type { HealthFinding } from './finding.js';
import type { HealthAction, HealthPolicy, TreatedFinding } from './health-options.js';
import type { MemberHealth } from './member-health.js';

/** A seat that is to drain from now on, or no more. */
export interface Treatment {
  readonly seat: Seat;
  readonly isDraining: boolean;
}

export interface Circumstances {
  readonly roster: Roster;
  /** Who decides. */
  readonly member: string;
  readonly policy: HealthPolicy;
  /** It has drained for as long as it has to. */
  readonly isDrainOver: boolean;
  healthOf(member: string): MemberHealth | undefined;
  /** For how many reports it has been found. */
  reportsWith(member: string, kind: HealthFinding['kind']): number;
}

/** A member treats itself; where it has not done so for so many reports, its peers do. */
const PEER_PATIENCE_REPORTS = 10;
/** What shows whether or not it handles messages; the others are cured by time, and show again. */
const SHOWS_WHILE_DRAINED: ReadonlySet<string> = new Set<TreatedFinding>(['stuck', 'stalled']);

/** What `member` is to change about who drains: about itself first. */
export function treatmentOf(circumstances: Circumstances): Treatment | undefined {
  const { roster, member } = circumstances;
  const own = roster.seats.get(member);
  if (own === undefined) return undefined;
  const ofItself = treatmentOfSelf(own, circumstances);
  if (ofItself !== undefined) return ofItself;
  const sick = seatsAt(roster).find(
    (seat) => seat.id !== member && !seat.isDraining && isOverdue(seat, circumstances) && mayDrain(seat, circumstances),
  );
  return sick === undefined ? undefined : { seat: sick, isDraining: true };
}

/** The gravest that is to be done about a member by the policy. */
export function actionFor(health: MemberHealth | undefined, policy: HealthPolicy): HealthAction {
  const actions = (health?.findings ?? []).map((finding) => actionOf(finding, policy));
  if (actions.includes('replace')) return 'replace';
  return actions.includes('drain') ? 'drain' : 'warn';
}

function actionOf(finding: HealthFinding, policy: HealthPolicy): HealthAction {
  if (finding.kind === 'suspect' || (finding.kind === 'unleased' && !finding.isAlone)) return 'warn';
  return policy[finding.kind];
}

/** Sick for so long that its peers are to act. */
function isOverdue({ id }: Seat, { healthOf, reportsWith, policy }: Circumstances): boolean {
  const findings = healthOf(id)?.findings ?? [];
  // What a member cannot reach its peers do not see: that is left to itself.
  return findings.some(
    (finding) =>
      finding.kind !== 'unleased' &&
      actionOf(finding, policy) !== 'warn' &&
      reportsWith(id, finding.kind) > PEER_PATIENCE_REPORTS,
  );
}

function treatmentOfSelf(seat: Seat, circumstances: Circumstances): Treatment | undefined {
  const { roster, policy, isDrainOver, healthOf } = circumstances;
  const health = healthOf(seat.id);
  if (!seat.isDraining) {
    return actionFor(health, policy) !== 'warn' && mayDrain(seat, circumstances)
      ? { seat, isDraining: true }
      : undefined;
  }
  const seats = seatsAt(roster);
  const areTooMany = drainingOf(seats).length > mostDraining(seats);
  const isStillSick = health?.findings.some((finding) => {
    return SHOWS_WHILE_DRAINED.has(finding.kind) && actionOf(finding, policy) !== 'warn';
  });
  return areTooMany || (isDrainOver && !isStillSick) ? { seat, isDraining: false } : undefined;
}

/** At most half of the group drains, and somebody who is well does not. */
function mayDrain({ id }: Seat, { roster, healthOf }: Circumstances): boolean {
  const seats = seatsAt(roster);
  if (drainingOf(seats).length + 1 > mostDraining(seats)) return false;
  return seats.some(
    (other) => other.id !== id && !other.isDraining && (healthOf(other.id)?.findings ?? []).length === 0,
  );
}

function seatsAt({ seats }: Roster): Seat[] {
  return [...seats.values()].filter(({ isAway }) => !isAway);
}

function drainingOf(seats: readonly Seat[]): Seat[] {
  return seats.filter(({ isDraining }) => isDraining);
}

function mostDraining(seats: readonly Seat[]): number {
  return Math.floor(seats.length / 2);
}
