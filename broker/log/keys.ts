/**
 * Every key of the broker. All keys of a partition share one hash tag, so that each script stays in one slot and
 * Redis Cluster spreads the partitions over its shards.
 */
export interface PartitionKeys {
  readonly log: string;
  readonly producers: string;
  readonly groups: string;
  /** Prefix of the slices of application ids. */
  readonly dedup: string;
  /** Prefix of the groups' positions: trimming finds them by the names in `groups`. */
  readonly positions: string;
}

export interface GroupKeys {
  readonly groups: string;
  readonly producers: string;
  readonly log: string;
  readonly lease: string;
  readonly position: string;
  readonly retry: string;
  /** Positions of what an operator put back among the retries. */
  readonly redriven: string;
  /** Prefix of the calls of redrives, remembered for a while: see redrive.lua. */
  readonly redriveCalls: string;
  readonly deadLetters: string;
  readonly quarantine: string;
}

export function topicKey(topic: string): string {
  return `g:{${topic}}:topic`;
}

/** Who is in the group, and who is to own which partition. */
export function membersKey(topic: string, group: string): string {
  return `g:{${topic}}:members:${group}`;
}

/** Runs and lead of a group's recovery, and the audit of what was done. */
export function recoveryKeys(topic: string, group: string): { readonly state: string; readonly audit: string } {
  return { state: `g:{${topic}}:recovery:${group}`, audit: `g:{${topic}}:recovery-audit:${group}` };
}

/** What was done with what the group has given up, and by whom. */
export function auditKey(topic: string, group: string): string {
  return `g:{${topic}}:audit:${group}`;
}

export function partitionKeys(topic: string, partition: number): PartitionKeys {
  const prefix = `g:{${topic}.${partition}}:`;
  return {
    log: `${prefix}log`,
    producers: `${prefix}producers`,
    groups: `${prefix}groups`,
    dedup: `${prefix}dedup:`,
    positions: `${prefix}pos:`,
  };
}

export function groupKeys(topic: string, partition: number, group: string): GroupKeys {
  const prefix = `g:{${topic}.${partition}}:`;
  return {
    groups: `${prefix}groups`,
    producers: `${prefix}producers`,
    log: `${prefix}log`,
    lease: `${prefix}lease:${group}`,
    position: `${prefix}pos:${group}`,
    retry: `${prefix}retry:${group}`,
    redriven: `${prefix}redriven:${group}`,
    redriveCalls: `${prefix}redrive:${group}:`,
    deadLetters: `${prefix}dlq:${group}`,
    quarantine: `${prefix}quarantine:${group}`,
  };
}
