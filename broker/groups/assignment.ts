/** Who is to own each partition, by member id; undefined where nobody is. The index is the partition. */
export type Assignment = readonly (string | undefined)[];

/**
 * Spreads the partitions over the members, each with as many as any other, or one more. Sticky: a partition stays where it
 * is while its member stays and has no more than its share, so that no assignment in balance is reached by fewer moves.
 * What is free goes to the member that ranks highest for it (rendezvous hashing, Thaler and Ravishankar 1998), among those
 * with the fewest. A pure function: every member that computes it comes to the same.
 */
export function rebalance(previous: Assignment, members: readonly string[]): Assignment {
  return filled(trimmed(previous, members), members);
}

/** Gives what nobody has, or who is not among the members, to those with the fewest; moves nothing else. */
export function filled(previous: Assignment, members: readonly string[]): Assignment {
  const loads = new Map(members.map((member) => [member, 0]));
  const next = previous.map((member) => (member !== undefined && loads.has(member) ? member : undefined));
  for (const member of next) if (member !== undefined) loads.set(member, loads.get(member)! + 1);
  if (members.length === 0) return next;
  for (const partition of next.keys()) {
    if (next[partition] !== undefined) continue;
    const fewest = Math.min(...loads.values());
    const member = highestRanked(
      partition,
      members.filter((one) => loads.get(one) === fewest),
    );
    next[partition] = member;
    loads.set(member, fewest + 1);
  }
  return next;
}

/** Without what is more than a member's share. The larger shares are of those that have most: that moves the fewest. */
function trimmed(previous: Assignment, members: readonly string[]): Assignment {
  const owned = new Map<string, number[]>([...members].sort().map((member) => [member, []]));
  for (const [partition, member] of previous.entries()) {
    if (member !== undefined) owned.get(member)?.push(partition);
  }
  const least = Math.floor(previous.length / members.length);
  let extras = previous.length - least * members.length;
  const next: (string | undefined)[] = previous.map(() => undefined);
  for (const [member, partitions] of [...owned].sort(([, a], [, b]) => b.length - a.length)) {
    const share = least + (extras-- > 0 ? 1 : 0);
    for (const partition of favourites(member, partitions).slice(0, share)) next[partition] = member;
  }
  return next;
}

/**
 * For each partition the member that would get it if its own one were gone: it watches, so that a death costs the time of
 * a lease and no more.
 */
export function heirsOf(assignment: Assignment, members: readonly string[]): Assignment {
  const heirs: (string | undefined)[] = assignment.map(() => undefined);
  for (const member of new Set(assignment)) {
    if (member === undefined) continue;
    const others = members.filter((other) => other !== member);
    const without = rebalance(
      assignment.map((one) => (one === member ? undefined : one)),
      others,
    );
    for (const [partition, one] of assignment.entries()) if (one === member) heirs[partition] = without[partition];
  }
  return heirs;
}

/** How many partitions have another member than before; those that had none are not counted. */
export function movesBetween(before: Assignment, after: Assignment): number {
  return before.filter((member, partition) => member !== undefined && after[partition] !== member).length;
}

function favourites(member: string, partitions: readonly number[]): number[] {
  return [...partitions].sort((a, b) => rank(member, b) - rank(member, a) || a - b);
}

function highestRanked(partition: number, members: readonly string[]): string {
  return members.reduce((best, member) => {
    const lead = rank(member, partition) - rank(best, partition);
    return lead > 0 || (lead === 0 && member < best) ? member : best;
  });
}

/** FNV-1a over member and partition, mixed by the finalizer of MurmurHash3: close names must rank differently. */
function rank(member: string, partition: number): number {
  let hash = 0x811c9dc5 ^ partition;
  for (let i = 0; i < member.length; i++) hash = Math.imul(hash ^ member.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
