import { SortedSet } from './sorted-set.js';
import { Stream } from './stream.js';

export type StoredValue = string | Map<string, string> | Set<string> | SortedSet | Stream;

const WRONG_TYPE = 'WRONGTYPE Operation against a key holding the wrong kind of value';

/** An error reply, on its way out of a command. */
export class CommandError extends Error {}

/** The keys of one node. Strings hold bytes (latin1). */
export class Database {
  readonly values = new Map<string, StoredValue>();
  readonly expiresAtMs = new Map<string, number>();

  copy(): Database {
    const copy = new Database();
    for (const [key, value] of this.values) {
      if (typeof value === 'string') copy.values.set(key, value);
      else if (value instanceof Stream || value instanceof SortedSet) copy.values.set(key, value.copy());
      else copy.values.set(key, value instanceof Map ? new Map(value) : new Set(value));
    }
    for (const [key, atMs] of this.expiresAtMs) copy.expiresAtMs.set(key, atMs);
    return copy;
  }

  text(key: string): string | undefined {
    const value = this.values.get(key);
    if (value === undefined || typeof value === 'string') return value;
    throw new CommandError(WRONG_TYPE);
  }

  hash(key: string): Map<string, string> | undefined {
    const value = this.values.get(key);
    if (value === undefined || value instanceof Map) return value;
    throw new CommandError(WRONG_TYPE);
  }

  set(key: string): Set<string> | undefined {
    const value = this.values.get(key);
    if (value === undefined || value instanceof Set) return value;
    throw new CommandError(WRONG_TYPE);
  }

  sortedSet(key: string): SortedSet | undefined {
    const value = this.values.get(key);
    if (value === undefined || value instanceof SortedSet) return value;
    throw new CommandError(WRONG_TYPE);
  }

  stream(key: string): Stream | undefined {
    const value = this.values.get(key);
    if (value === undefined || value instanceof Stream) return value;
    throw new CommandError(WRONG_TYPE);
  }

  /** The value at `key`, made where there is none. */
  made<T extends StoredValue>(key: string, found: T | undefined, make: () => T): T {
    if (found !== undefined) return found;
    const value = make();
    this.values.set(key, value);
    return value;
  }

  delete(key: string): boolean {
    this.expiresAtMs.delete(key);
    return this.values.delete(key);
  }

  /** A hash or set without members does not exist. */
  dropIfEmpty(key: string, value: { readonly size: number }): void {
    if (value.size === 0) this.delete(key);
  }
}
