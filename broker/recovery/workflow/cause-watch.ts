import type { CauseSignal } from './signals.js';

/** What is read of one dead letter. */
export interface SeenLetter {
  readonly entry: string;
  readonly fingerprint: string;
  readonly atMs: number;
}

/** The dead letters of a group, as {@link CauseWatch} reads them. */
export interface LetterSource {
  readonly partitions: number;
  /** How many there are. */
  count(partition: number): Promise<number>;
  /** The next ones behind `after`, a page; from the beginning where that is undefined. Empty: there are no more. */
  page(partition: number, after: string | undefined): Promise<readonly SeenLetter[]>;
}

interface Cause {
  count: number;
  readonly recentMs: number[];
}

interface PartitionView {
  /** Everything was seen that there was. */
  isComplete: boolean;
  last: string | undefined;
  seen: number;
  readonly causes: Map<string, Cause>;
}

const KEPT_TIMES = 1_000;
const MOST_CAUSES = 1_000;
/** Of a partition and look: what is beyond is read with the next one. */
const MOST_PAGES = 50;

/**
 * Which causes dead letters have, and since when none has come. Reads only what is new; where some are gone, redriven or
 * purged, the partition is read again from its beginning.
 */
export class CauseWatch {
  readonly #source: LetterSource;
  readonly #views: PartitionView[];

  constructor(source: LetterSource) {
    this.#source = source;
    this.#views = Array.from({ length: source.partitions }, emptyView);
  }

  async look(): Promise<{ readonly causes: CauseSignal[]; readonly hasUnseen: boolean }> {
    for (let partition = 0; partition < this.#views.length; partition++) await this.#lookAt(partition);
    const merged = new Map<string, Cause>();
    for (const { causes } of this.#views) {
      for (const [fingerprint, { count, recentMs }] of causes) {
        const known = merged.get(fingerprint);
        if (known === undefined) merged.set(fingerprint, { count, recentMs: [...recentMs] });
        else {
          known.count += count;
          known.recentMs.push(...recentMs);
        }
      }
    }
    const causes = [...merged].map(([fingerprint, { count, recentMs }]) => ({
      fingerprint,
      count,
      recentMs: recentMs.sort((a, b) => a - b).slice(-KEPT_TIMES),
    }));
    return { causes, hasUnseen: this.#views.some(({ isComplete }) => !isComplete) };
  }

  async #lookAt(partition: number): Promise<void> {
    const view = this.#views[partition]!;
    await this.#read(partition, view);
    // Counted after what is new was read: only where some are gone there are fewer than were seen.
    if (view.seen <= (await this.#source.count(partition))) return;
    const anew = emptyView();
    await this.#read(partition, anew);
    this.#views[partition] = anew;
  }

  async #read(partition: number, view: PartitionView): Promise<void> {
    view.isComplete = false;
    for (let pages = 0; pages < MOST_PAGES && !view.isComplete; pages++) {
      const page = await this.#source.page(partition, view.last);
      view.isComplete = page.length === 0;
      for (const letter of page) see(view, letter);
    }
  }
}

function see(view: PartitionView, { entry, fingerprint, atMs }: SeenLetter): void {
  view.last = entry;
  view.seen++;
  const { causes } = view;
  const cause = causes.get(fingerprint) ?? { count: 0, recentMs: [] };
  cause.count++;
  cause.recentMs.push(atMs);
  if (cause.recentMs.length > KEPT_TIMES) cause.recentMs.shift();
  // The last one is the one that was seen last.
  causes.delete(fingerprint);
  causes.set(fingerprint, cause);
  if (causes.size > MOST_CAUSES) causes.delete(causes.keys().next().value!);
}

function emptyView(): PartitionView {
  return { isComplete: false, last: undefined, seen: 0, causes: new Map() };
}
