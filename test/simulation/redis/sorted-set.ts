/** A sorted set whose scores are whole numbers. */
export class SortedSet {
  readonly scores: Map<string, number>;

  constructor(scores: ReadonlyMap<string, number> = new Map()) {
    this.scores = new Map(scores);
  }

  copy(): SortedSet {
    return new SortedSet(this.scores);
  }

  /** By score, those of the same score by their bytes. */
  between(low: number, high: number): string[] {
    const within = [...this.scores].filter(([, score]) => score >= low && score <= high);
    return within.sort(([a, i], [b, j]) => i - j || (a < b ? -1 : 1)).map(([member]) => member);
  }
}
