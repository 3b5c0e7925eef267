/** `<ms>-<seq>` */
export interface EntryId {
  readonly ms: number;
  readonly seq: number;
}

export interface StreamEntry {
  readonly id: EntryId;
  /** Names and values alternating. */
  readonly fields: readonly string[];
}

export interface StreamGroup {
  lastDelivered: EntryId;
  entriesRead: number | undefined;
}

export const ZERO_ID: EntryId = { ms: 0, seq: 0 };
const MAX_SEQ = Number.MAX_SAFE_INTEGER;

export function compareIds(a: EntryId, b: EntryId): number {
  return a.ms - b.ms || a.seq - b.seq;
}

export function idText({ ms, seq }: EntryId): string {
  return `${ms}-${seq}`;
}

/** `missingSeq` is taken where the text has milliseconds only. */
export function parseId(text: string, missingSeq = 0): EntryId | undefined {
  const match = /^(\d+)(?:-(\d+))?$/.exec(text);
  if (match === null) return undefined;
  return { ms: Number(match[1]), seq: match[2] === undefined ? missingSeq : Number(match[2]) };
}

/** Bounds of XRANGE: `-`, `+`, an id, or `(` and an id. Returns an inclusive bound, or undefined where it is malformed. */
export function parseBound(text: string, isStart: boolean): EntryId | undefined {
  if (text === '-') return ZERO_ID;
  if (text === '+') return { ms: Number.MAX_SAFE_INTEGER, seq: MAX_SEQ };
  const isExclusive = text.startsWith('(');
  const id = parseId(isExclusive ? text.slice(1) : text, isStart ? 0 : MAX_SEQ);
  if (id === undefined || !isExclusive) return id;
  if (isStart) return { ms: id.ms, seq: id.seq + 1 };
  return id.seq > 0 ? { ms: id.ms, seq: id.seq - 1 } : { ms: id.ms - 1, seq: MAX_SEQ };
}

export class Stream {
  entries: StreamEntry[] = [];
  lastId: EntryId = ZERO_ID;
  entriesAdded = 0;
  /** Fields of all that was ever appended: for the checks of a schedule, which look behind trimming. */
  added: (readonly string[])[] = [];
  readonly groups = new Map<string, StreamGroup>();

  copy(): Stream {
    const copy = new Stream();
    copy.entries = this.entries.slice();
    copy.lastId = this.lastId;
    copy.entriesAdded = this.entriesAdded;
    copy.added = this.added.slice();
    for (const [name, group] of this.groups) copy.groups.set(name, { ...group });
    return copy;
  }

  /** Index of the first entry at or above `id`. */
  indexOf(id: EntryId): number {
    let low = 0;
    let high = this.entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareIds(this.entries[middle]!.id, id) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The id that `*` stands for. */
  nextId(nowMs: number): EntryId {
    const { ms, seq } = this.lastId;
    return nowMs > ms ? { ms: nowMs, seq: 0 } : { ms, seq: seq + 1 };
  }

  append(id: EntryId, fields: readonly string[]): void {
    this.entries.push({ id, fields });
    this.lastId = id;
    this.entriesAdded++;
    this.added.push(fields);
  }

  range(from: EntryId, to: EntryId, count = Number.POSITIVE_INFINITY): StreamEntry[] {
    const start = this.indexOf(from);
    const found: StreamEntry[] = [];
    for (let i = start; i < this.entries.length && found.length < count; i++) {
      const entry = this.entries[i]!;
      if (compareIds(entry.id, to) > 0) break;
      found.push(entry);
    }
    return found;
  }

  trimBelow(id: EntryId): number {
    const removed = this.indexOf(id);
    if (removed > 0) this.entries = this.entries.slice(removed);
    return removed;
  }

  delete(id: EntryId): boolean {
    const at = this.indexOf(id);
    const entry = this.entries[at];
    if (entry === undefined || compareIds(entry.id, id) !== 0) return false;
    this.entries.splice(at, 1);
    return true;
  }
}
