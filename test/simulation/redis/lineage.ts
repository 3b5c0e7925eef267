/** One history of writes: begun with nothing, or with what another one had written up to some offset. */
export class Lineage {
  readonly history: string;
  readonly #parent: Lineage | undefined;
  readonly #forkedAt: number;

  constructor(history: string, parent?: Lineage, forkedAt = 0) {
    this.history = history;
    this.#parent = parent;
    this.#forkedAt = forkedAt;
  }

  fork(history: string, offset: number): Lineage {
    return new Lineage(history, this, offset);
  }

  /** The histories of which its keys have a part, the newest first, each with the offset up to which they have it. */
  *parts(): Generator<readonly [history: string, through: number]> {
    let through = Number.POSITIVE_INFINITY;
    for (let part: Lineage | undefined = this; part !== undefined; part = part.#parent) {
      yield [part.history, through];
      through = part.#forkedAt;
    }
  }
}
