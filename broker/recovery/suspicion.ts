import type { Delivery } from '../groups/delivery.js';
import { compareEntryIds, laterEntryId } from '../log/entry-id.js';

/** What an owner has left that fell silent while the server was well: it may have died of a message. */
export interface Lapse {
  /** The last entry that it had begun when it renewed last; '' where it named none. */
  readonly hi: string;
  /** The last entry of the log when it was succeeded: it had nothing in its hands behind that. */
  readonly last: string;
}

/** A death that counts against a message. */
export interface Kill {
  /** Whom the lease named. */
  readonly consumer: string;
  /** When the partition was taken over, by the server's clock. */
  readonly atMs: number;
}

/**
 * - `pass`: it may be handled like any other.
 * - `try`: it is a suspect, to be handed out alone.
 * - `hold`: a renewal has to name its entry first; {@link Suspicion.renewed} returns it then.
 */
export type Passage = 'pass' | 'try' | 'hold';

type Suspect = Pick<Delivery, 'entryId' | 'index' | 'entry'>;

/** Messages that one renewal lets through, and of which no more than half may be left when the next ones are asked for. */
export const WINDOW = 64;
const NO_KILLS: readonly Kill[] = [];

/**
 * What is suspected in a partition whose owner fell silent (docs/adr/0017). Suspects are what it had begun when it renewed
 * last, its retries that were due, and what has kills. The rest of what it may have had in its hands is let through
 * in windows, each named by a confirmed renewal before anything of it is begun: a message that kills this owner, too, is a
 * suspect for the next one, among a few others.
 */
export class Suspicion {
  readonly #lapse: Lapse | undefined;
  readonly #kills: ReadonlyMap<string, readonly Kill[]>;
  /** From there on nothing is suspected. */
  readonly #end: string;
  /** Suspects among the retries. */
  readonly #rows = new Set<string>();
  /** Their handlers have returned: whatever came of it, they do not kill. */
  readonly #survived = new WeakSet<Suspect>();
  #held: Delivery[] = [];
  /** Let through by a window, and not handled yet. */
  readonly #underWay = new Set<Suspect>();
  /** Ends of windows: the one that is to be named, and the last one that is. */
  #wanted = '';
  #named = '';

  constructor(lapse: Lapse | undefined, kills: ReadonlyMap<string, readonly Kill[]>) {
    this.#lapse = lapse;
    this.#kills = kills;
    this.#end = [...kills.keys()].map(entryOf).reduce(laterEntryId, laterEntryId(lapse?.hi ?? '', lapse?.last ?? ''));
  }

  /** What a renewal has to name besides what was begun. */
  get hi(): string {
    return laterEntryId(this.#lapse?.hi ?? '', this.#wanted);
  }

  /** Messages wait for nothing but that. */
  get wantsRenewal(): boolean {
    return this.#wanted !== this.#named;
  }

  /** Whether all that was suspected has been handled, where the position is at `low`. */
  isOver(low: string): boolean {
    return this.#held.length === 0 && this.#rows.size === 0 && compareEntryIds(low, this.#end) >= 0;
  }

  killsOf(suspect: Suspect): readonly Kill[] {
    return this.#survived.has(suspect) ? NO_KILLS : (this.#kills.get(refOf(suspect)) ?? NO_KILLS);
  }

  /** A message of the retry rows: was it due when the owner fell silent? */
  takeRow(row: Suspect, isDue: boolean): void {
    const ref = refOf(row);
    if (this.#kills.has(ref) || (isDue && this.#lapse !== undefined)) this.#rows.add(ref);
  }

  /** What is to become of a message that is ready. */
  passage(delivery: Delivery): Passage {
    if (this.#survived.has(delivery)) return 'pass';
    const ref = refOf(delivery);
    if (this.#kills.has(ref) || this.#rows.has(ref)) return 'try';
    const { entry, entryId } = delivery;
    if (entry === undefined || this.#lapse === undefined) return 'pass';
    if (compareEntryIds(entryId, this.#lapse.hi) <= 0) return 'try';
    if (this.#isBehind(delivery) && this.#held.length === 0) return 'pass';
    if (compareEntryIds(entryId, this.#named) > 0) {
      this.#held.push(delivery);
      this.#want();
      return 'hold';
    }
    this.#underWay.add(delivery);
    return 'pass';
  }

  /** A confirmed renewal has named `hi`: returns what may be handled now. */
  renewed(hi: string): Delivery[] {
    this.#named = laterEntryId(this.#named, hi);
    this.#wanted = laterEntryId(this.#wanted, this.#named);
    const isNamed = ({ entryId }: Delivery) => compareEntryIds(entryId, this.#named) <= 0;
    const passing = this.#held.filter(isNamed);
    this.#held = this.#held.filter((delivery) => !isNamed(delivery));
    for (const delivery of passing) this.#underWay.add(delivery);
    // What came after the takeover waits only so that less is begun at a time.
    if (this.#held.every((delivery) => this.#isBehind(delivery))) passing.push(...this.#held.splice(0));
    this.#want();
    return passing;
  }

  /** Its handler has returned, or it was set aside. */
  returned(suspect: Suspect): void {
    this.#survived.add(suspect);
    this.#rows.delete(refOf(suspect));
    this.#underWay.delete(suspect);
    this.#want();
  }

  #isBehind({ entryId }: Suspect): boolean {
    return compareEntryIds(entryId, this.#lapse?.last ?? '') > 0;
  }

  #want(): void {
    if (this.wantsRenewal || this.#held.length === 0 || this.#underWay.size > WINDOW / 2) return;
    this.#wanted = this.#held
      .slice(0, WINDOW)
      .map(({ entryId }) => entryId)
      .reduce(laterEntryId, this.#named);
  }
}

/** `<entry>:<index>` */
export function refOf({ entryId, index }: Pick<Suspect, 'entryId' | 'index'>): string {
  return `${entryId}:${index}`;
}

function entryOf(ref: string): string {
  return ref.slice(0, ref.lastIndexOf(':'));
}
