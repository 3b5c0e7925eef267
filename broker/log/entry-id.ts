/** Orders two ids of entries of one log: below 0 where `a` was appended before `b`. No id, `''`, comes before all. */
export function compareEntryIds(a: string, b: string): number {
  if (a === b) return 0;
  if (a === '' || b === '') return a === '' ? -1 : 1;
  const [ams, aseq] = a.split('-').map(Number) as [number, number];
  const [bms, bseq] = b.split('-').map(Number) as [number, number];
  return ams - bms || aseq - bseq;
}

/** The one that was appended later. */
export function laterEntryId(a: string, b: string): string {
  return compareEntryIds(a, b) < 0 ? b : a;
}
