import type { MemberReport, Seat } from '../roster.js';
import type { FailingFinding, HealthFinding, SlowFinding } from './finding.js';
import { gravestFirst, type MemberHealth } from './member-health.js';
import { type MemberVitals, vitalsOf } from './member-vitals.js';
import type { PeerVerdicts } from './peer-comparison.js';
import { PhiDetector } from './phi-detector.js';
import { Trigger } from './trigger.js';

export interface MemberWatchOptions {
  /** Of who watches: it cannot tell shorter silences apart. */
  readonly beatMs: number;
  readonly phiThreshold: number;
}

/** Reports in a row that raise and clear what a comparison finds. */
const SLOW_REPORTS = { raise: 5, clear: 5 };
const FAILING_REPORTS = { raise: 3, clear: 5 };

/** One member as another one sees it, from one reply of the roster to the next. */
export class MemberWatch {
  readonly instance: string;
  readonly #options: MemberWatchOptions;
  readonly #slow = new Trigger(SLOW_REPORTS.raise, SLOW_REPORTS.clear);
  readonly #failing = new Trigger(FAILING_REPORTS.raise, FAILING_REPORTS.clear);
  readonly #reportsWith = new Map<HealthFinding['kind'], number>();
  #phi: PhiDetector | undefined;
  #beat: string | undefined;
  #hasBeaten = false;
  #slowFinding: SlowFinding | undefined;
  #failingFinding: FailingFinding | undefined;
  #health: MemberHealth;

  constructor({ id, instance }: Seat, options: MemberWatchOptions) {
    this.instance = instance;
    this.#options = options;
    this.#health = { member: id, state: 'healthy', findings: [], isDraining: false, phi: 0, vitals: undefined };
  }

  get health(): MemberHealth {
    return this.#health;
  }

  get vitals(): MemberVitals | undefined {
    return this.#health.vitals;
  }

  /** For how many reports it has been found; 0 where it is not. */
  reportsWith(kind: HealthFinding['kind']): number {
    return this.#reportsWith.get(kind) ?? 0;
  }

  /** Takes in what a reply showed. `wasLooking`: the one before came in time. */
  see({ beat, isDraining }: Seat, report: MemberReport, nowMs: number, wasLooking: boolean): void {
    this.#hasBeaten = beat !== this.#beat;
    this.#beat = beat;
    const vitals = (this.#hasBeaten ? vitalsOf(report) : undefined) ?? this.vitals;
    if (vitals !== undefined) this.#phi ??= this.#detector(vitals);
    if (!wasLooking) this.#phi?.restart(nowMs);
    else if (this.#hasBeaten) this.#phi?.arrived(nowMs);
    if (this.#health.isDraining && !isDraining) {
      this.#slow.reset();
      this.#failing.reset();
      // Its last report is of before.
      this.#hasBeaten = false;
    }
    this.#health = { ...this.#health, isDraining, vitals };
  }

  /** Judges what was seen. */
  judge(verdicts: PeerVerdicts | undefined, nowMs: number): void {
    if (this.#hasBeaten) {
      if (this.#slow.step(verdicts?.slow.verdict ?? 'well'))
        this.#slowFinding = verdicts?.slow.finding ?? this.#slowFinding;
      if (this.#failing.step(verdicts?.failing.verdict ?? 'well')) {
        this.#failingFinding = verdicts?.failing.finding ?? this.#failingFinding;
      }
    }
    const phi = this.#phi?.phi(nowMs) ?? 0;
    const findings: HealthFinding[] = [...(this.vitals?.findings ?? [])];
    if (phi >= this.#options.phiThreshold) {
      findings.push({ kind: 'suspect', phi, silentMs: Math.round(this.#phi!.silentMs(nowMs)) });
    }
    if (this.#slow.isRaised && this.#slowFinding !== undefined) findings.push(this.#slowFinding);
    if (this.#failing.isRaised && this.#failingFinding !== undefined) findings.push(this.#failingFinding);
    this.#countReports(findings);
    const sorted = gravestFirst(findings);
    this.#health = { ...this.#health, state: sorted[0]?.kind ?? 'healthy', findings: sorted, phi };
  }

  #detector({ beatMs }: MemberVitals): PhiDetector {
    const intervalMs = Math.max(beatMs, this.#options.beatMs);
    return new PhiDetector({ firstIntervalMs: intervalMs, minStdDevMs: intervalMs / 3 });
  }

  #countReports(findings: readonly HealthFinding[]): void {
    const kinds = new Set(findings.map(({ kind }) => kind));
    for (const kind of this.#reportsWith.keys()) if (!kinds.has(kind)) this.#reportsWith.delete(kind);
    for (const kind of kinds) this.#reportsWith.set(kind, this.reportsWith(kind) + (this.#hasBeaten ? 1 : 0));
  }
}
