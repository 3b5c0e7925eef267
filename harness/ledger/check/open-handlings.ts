import { NO_KEY } from '../../load/plan.js';

const BUCKETS = 1 << 14;

interface Handling {
  readonly ordinal: number;
  readonly key: number;
  readonly file: number;
  readonly attempt: number;
  next: Handling | undefined;
}

/**
 * The handlings that are going on at one moment of the merged ledgers: never more than the consumers' concurrency, so a
 * small hash by key (by ordinal for keyless messages) holds them.
 */
export class OpenHandlings {
  readonly #heads = new Array<Handling | undefined>(BUCKETS).fill(undefined);

  /** Adds a handling and calls `onOverlap` with the ordinal of every other one of its key that is still going on. */
  begin(
    ordinal: number,
    key: number,
    file: number,
    attempt: number,
    isOver: (file: number) => boolean,
    onOverlap: (other: number) => void,
  ): void {
    const bucket = bucketOf(ordinal, key);
    if (key !== NO_KEY) {
      for (let open = this.#heads[bucket]; open; open = open.next) {
        if (open.key === key && !isOver(open.file)) onOverlap(open.ordinal);
      }
    }
    this.#heads[bucket] = { ordinal, key, file, attempt, next: this.#heads[bucket] };
  }

  /** false: that handling never began. One worker may handle a message twice at a time: the attempt tells them apart. */
  end(ordinal: number, key: number, file: number, attempt: number): boolean {
    const bucket = bucketOf(ordinal, key);
    let before: Handling | undefined;
    for (let open = this.#heads[bucket]; open; before = open, open = open.next) {
      if (open.ordinal !== ordinal || open.file !== file || open.attempt !== attempt) continue;
      if (before) before.next = open.next;
      else this.#heads[bucket] = open.next;
      return true;
    }
    return false;
  }
}

function bucketOf(ordinal: number, key: number): number {
  return (key === NO_KEY ? ordinal : key) & (BUCKETS - 1);
}
