/** Who is to own each partition, by member id; undefined where nobody is. The index is the partition. */
export type Assignment = readonly (string | undefined)[];

/** How many partitions each member is to have. */
export type Shares = ReadonlyMap<string, number>;

/**
 * Spreads the partitions over the members, as many to each as `shares` says. Sticky: a partition stays where it is while its
 * member stays and has no more than its share, so that nobody reaches these shares by fewer moves. What is free goes to the
 * member that ranks highest for it (rendezvous hashing, Thaler and Ravishankar 1998), among those with room. A pure
 * function: every member that computes it comes to the same.
 */
export function rebalance(
  previous: Assignment,
  members: readonly string[],
  shares: Shares = sharesOf(previous, members),
): Assignment {
  if (members.length === 0) return previous.map(() => undefined);
  const sorted = sortedOf(members);
  const owned = ownedBy(previous, sorted);
  const room = new Map<string, number>();
  for (const [member, partitions] of owned) {
    const share = shares.get(member) ?? 0;
    if (partitions.length > share) owned.set(member, favourites(member, partitions).slice(0, share));
    room.set(member, share - owned.get(member)!.length);
  }
  const next: (string | undefined)[] = previous.map(() => undefined);
  for (const [member, partitions] of owned) for (const partition of partitions) next[partition] = member;
  for (const partition of next.keys()) {
    if (next[partition] !== undefined) continue;
    const member = highestRanked(
      partition,
      sorted.filter((one) => room.get(one)! > 0),
    );
    next[partition] = member;
    room.set(member, room.get(member)! - 1);
  }
  return next;
}

/**
 * The shares with which the fewest partitions move. Members that stay keep theirs: some may have few because those are
 * busy (docs/adr/0011). What is nobody's is added evenly, first where there is least. Whoever has nothing gets an even
 * share, of those that have most. So counts that differ by one at the most do so ever after.
 */
export function sharesOf(assignment: Assignment, members: readonly string[]): Shares {
  const sorted = sortedOf(members);
  const shares = new Map<string, number>();
  for (const [member, partitions] of ownedBy(assignment, sorted)) shares.set(member, partitions.length);
  const ascending = sorted.toSorted((a, b) => shares.get(a)! - shares.get(b)!);
  const free = assignment.length - [...shares.values()].reduce((sum, share) => sum + share, 0);
  for (const [rank, member] of ascending.entries()) {
    const added = Math.floor(free / sorted.length) + (rank < free % sorted.length ? 1 : 0);
    shares.set(member, shares.get(member)! + added);
  }
  const least = Math.floor(assignment.length / sorted.length);
  for (const member of sorted) {
    if (shares.get(member)! > 0) continue;
    while (shares.get(member)! < least) {
      const richest = sorted.reduce((best, one) => (shares.get(one)! > shares.get(best)! ? one : best));
      shares.set(richest, shares.get(richest)! - 1);
      shares.set(member, shares.get(member)! + 1);
    }
  }
  return shares;
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

/**
 * For each partition the member that would get it if its own one were gone: it watches, so that a death costs the time of
 * a lease and no more. The same as {@link rebalance} without that one, for every owner: but nearly always the others keep what they
 * have, and only what is free has to be given out, so that a group of a hundred does not compute a hundred assignments.
 */
export function heirsOf(assignment: Assignment, members: readonly string[]): Assignment {
  const sorted = sortedOf(members);
  const owned = ownedBy(assignment, sorted);
  const ascending = sorted.toSorted((a, b) => owned.get(a)!.length - owned.get(b)!.length);
  const idle = ascending.filter((one) => owned.get(one)!.length === 0).length;
  const heirs: (string | undefined)[] = assignment.map(() => undefined);
  for (const member of new Set(assignment)) {
    if (member === undefined) continue;
    const others = ascending.filter((other) => other !== member);
    const isFree = (one: string | undefined) => one === undefined || one === member || !owned.has(one);
    const free = [...assignment.keys()].filter((partition) => isFree(assignment[partition]));
    const even = Math.floor(free.length / others.length);
    const more = free.length % others.length;
    // Whoever would be left with nothing takes from those that have most.
    const takes = assignment.length >= others.length && even === 0 && idle > more;
    const without = takes
      ? rebalance(
          assignment.map((one) => (one === member ? undefined : one)),
          others,
        )
      : givenOut(free, new Map(others.map((other, rank) => [other, even + (rank < more ? 1 : 0)])));
    for (const partition of free) if (assignment[partition] === member) heirs[partition] = without[partition];
  }
  return heirs;
}

/** Who gets each of these partitions, by rank, among those with room. */
function givenOut(free: readonly number[], room: Map<string, number>): Assignment {
  const next: (string | undefined)[] = [];
  const takers = new Set([...room.keys()].filter((one) => room.get(one)! > 0));
  for (const partition of free) {
    if (takers.size === 0) return next;
    const member = highestRanked(partition, [...takers]);
    next[partition] = member;
    room.set(member, room.get(member)! - 1);
    if (room.get(member) === 0) takers.delete(member);
  }
  return next;
}

function sortedOf(members: readonly string[]): string[] {
  return [...new Set(members)].sort();
}

function ownedBy(assignment: Assignment, members: readonly string[]): Map<string, number[]> {
  const owned = new Map<string, number[]>(members.map((member) => [member, []]));
  for (const [partition, member] of assignment.entries()) {
    if (member !== undefined) owned.get(member)?.push(partition);
  }
  return owned;
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
