/** Collects why the ledger cannot be trusted: one line per kind of damage, with its first case and how many there were. */
export class Damage {
  readonly #cases = new Map<string, { readonly first: string; count: number }>();

  add(what: string, detail: string): void {
    const known = this.#cases.get(what);
    if (known) known.count++;
    else this.#cases.set(what, { first: detail, count: 1 });
  }

  lines(): readonly string[] {
    return [...this.#cases].map(([what, { first, count }]) =>
      count === 1 ? `${what} (${first})` : `${what} (${count} times, first: ${first})`,
    );
  }
}
