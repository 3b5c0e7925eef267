import type { HealthFinding } from '../../groups/health/finding.js';
import type { Playbook, Trigger } from './playbook.js';

/** Dead letters of one cause. */
export interface CauseSignal {
  readonly fingerprint: string;
  /** As far as was looked: some may have been redriven or purged meanwhile. */
  readonly count: number;
  /** When they were given up, by the server's clock: the latest ones, oldest first. */
  readonly recentMs: readonly number[];
}

export interface MemberSignal {
  readonly id: string;
  readonly findings: readonly HealthFinding[];
}

/** What the group looks like from outside, at one time. */
export interface RecoverySignals {
  /** The server's clock. */
  readonly atMs: number;
  readonly causes: readonly CauseSignal[];
  /** There are more dead letters, which were not looked at yet: nothing is known to be quiet, or gone. */
  readonly hasUnseen: boolean;
  readonly members: readonly MemberSignal[];
  /** Of what all members handle now; 0 where nothing is handled. */
  readonly failing: number;
  readonly missingPartitions: readonly number[];
  /** Of masters that have a limit: the used part of it. */
  readonly memory: ReadonlyMap<string, number>;
}

/** A subject for which a trigger holds now, and why. */
export interface Hit {
  readonly subject: string;
  readonly evidence: string;
}

/** Subjects for which the trigger holds at this moment; how long it has to hold is {@link TriggerWatch}'s. */
export function hitsOf(trigger: Trigger, signals: RecoverySignals): Hit[] {
  switch (trigger.on) {
    case 'dead-letters-quiet':
      if (signals.hasUnseen) return [];
      return signals.causes
        .filter(({ count, recentMs }) => count >= trigger.atLeast && sinceLast(recentMs, signals) >= trigger.quietForMs)
        .map(({ fingerprint, count, recentMs }) => {
          return { subject: fingerprint, evidence: `${count}, none for ${sinceLast(recentMs, signals)} ms` };
        });
    case 'dead-letters-burst':
      return signals.causes.flatMap(({ fingerprint, recentMs }) => {
        const recent = recentMs.filter((atMs) => signals.atMs - atMs <= trigger.withinMs).length;
        const evidence = `${recent} within ${trigger.withinMs} ms`;
        return recent >= trigger.atLeast ? [{ subject: fingerprint, evidence }] : [];
      });
    case 'member-sick': {
      const wanted = new Set<string>(trigger.findings);
      return signals.members.flatMap(({ id, findings }) => {
        const found = findings.map(({ kind }) => kind).filter((kind) => wanted.has(kind));
        return found.length > 0 ? [{ subject: id, evidence: found.join(', ') }] : [];
      });
    }
    case 'group-missing': {
      const { missingPartitions } = signals;
      return missingPartitions.length > 0
        ? [{ subject: 'group', evidence: `missing on partitions ${missingPartitions.slice(0, 16).join(', ')}` }]
        : [];
    }
    case 'memory-high':
      return [...signals.memory]
        .filter(([, ratio]) => ratio >= trigger.ratio)
        .map(([master, ratio]) => ({ subject: master, evidence: `${(100 * ratio).toFixed(1)} % of maxmemory` }));
  }
}

/** What is left of that for which a playbook was begun; undefined: it is gone. Dead letters that come back are no quiet ones. */
export function leftOf(trigger: Trigger, subject: string, signals: RecoverySignals): string | undefined {
  if (trigger.on !== 'dead-letters-quiet') {
    return hitsOf(trigger, signals).find((hit) => hit.subject === subject)?.evidence;
  }
  if (signals.hasUnseen) return 'not all dead letters are looked at yet';
  const count = signals.causes.find(({ fingerprint }) => fingerprint === subject)?.count ?? 0;
  return count >= trigger.atLeast ? `${count} dead letters` : undefined;
}

/** Why a playbook does not begin; undefined: it may. */
export function objectionOf(
  { membersAtLeast, failingAtMost }: Playbook['checks'],
  signals: RecoverySignals,
): string | undefined {
  const members = signals.members.filter(({ findings }) => findings.length === 0).length;
  if (membersAtLeast !== undefined && members < membersAtLeast)
    return `${members} members are well, it needs ${membersAtLeast}`;
  if (failingAtMost !== undefined && signals.failing > failingAtMost) {
    return `${(100 * signals.failing).toFixed(1)} % of the handlings fail, it needs ${100 * failingAtMost} % at most`;
  }
  return undefined;
}

/** A playbook whose trigger has held for as long as it has to. */
export interface DueRun {
  readonly playbook: Playbook;
  readonly hit: Hit;
}

/** Since when triggers have held. A condition that lapses begins anew, and so does one at which nobody has looked for a while. */
export class TriggerWatch {
  readonly #longestGapMs: number;
  #since = new Map<string, number>();
  #lookedAtMs = Number.NEGATIVE_INFINITY;

  constructor(longestGapMs: number) {
    this.#longestGapMs = longestGapMs;
  }

  /** Of these playbooks and subjects the trigger holds, and has held for as long as it has to. */
  due(playbooks: readonly Playbook[], signals: RecoverySignals): DueRun[] {
    const isStale = signals.atMs - this.#lookedAtMs > this.#longestGapMs;
    const before = isStale ? new Map<string, number>() : this.#since;
    this.#lookedAtMs = signals.atMs;
    this.#since = new Map();
    const due: DueRun[] = [];
    for (const playbook of playbooks) {
      for (const hit of hitsOf(playbook.when, signals)) {
        const name = `${playbook.name} ${hit.subject}`;
        const sinceMs = before.get(name) ?? signals.atMs;
        this.#since.set(name, sinceMs);
        if (signals.atMs - sinceMs >= holdMs(playbook.when)) due.push({ playbook, hit });
      }
    }
    return due;
  }
}

function holdMs(trigger: Trigger): number {
  return 'forMs' in trigger ? trigger.forMs : 0;
}

function sinceLast(recentMs: readonly number[], { atMs }: RecoverySignals): number {
  return Math.max(0, atMs - (recentMs.at(-1) ?? Number.NEGATIVE_INFINITY));
}
