import type { Cause } from './failure-causes.js';
import { type Analyst, type Mix, observe } from './failure-mixes.js';

/** Of one label: how often it was right to be said and was, was said wrongly, and was not said. */
export interface Count {
  hits: number;
  wrong: number;
  missed: number;
}

/** What an analyst said of mixes whose causes are known. */
export class FailureScore {
  readonly counts = new Map<string, Count>();
  readonly misses: string[] = [];
  /** Of failures: those in the pattern that holds most of their cause, and those of the cause that is most of their pattern. */
  readonly whole = { hits: 0, all: 0 };
  readonly pure = { hits: 0, all: 0 };

  judge(mix: Mix, seed: number, analyst: Analyst, random: () => number, nowMs: number): void {
    const said = observe(mix, analyst, random);
    const ofCause = new Map<Cause, { pattern: ReturnType<Analyst['patterns']>[number]; failures: number }[]>();
    for (const pattern of analyst.patterns(nowMs)) {
      const shares = new Map<Cause, number>();
      for (const fingerprint of pattern.fingerprints) {
        for (const [cause, count] of said.get(fingerprint) ?? []) shares.set(cause, (shares.get(cause) ?? 0) + count);
      }
      const [main] = [...shares].toSorted((a, b) => b[1] - a[1]);
      if (main === undefined) continue;
      this.pure.hits += main[1];
      this.pure.all += [...shares.values()].reduce((all, one) => all + one, 0);
      ofCause.set(main[0], [...(ofCause.get(main[0]) ?? []), { pattern, failures: pattern.evidence.failures }]);
    }
    for (const cause of mix.causes) {
      const parts = (ofCause.get(cause) ?? []).toSorted((a, b) => b.failures - a.failures);
      this.whole.hits += parts[0]?.failures ?? 0;
      this.whole.all += parts.reduce((all, { failures }) => all + failures, 0);
      const found = parts.flatMap(({ pattern }) => pattern.findings.map(nameOf));
      const where = `seed ${seed}, ${mix.name}: ${cause.name}`;
      if (cause.findings !== undefined) this.#compare(where, cause.findings, [...new Set(found)]);
      const nature = parts[0]?.pattern.nature ?? 'unclear';
      if (cause.nature !== undefined) this.#compare(where, [cause.nature], nature === 'unclear' ? [] : [nature]);
    }
  }

  #compare(where: string, expected: readonly string[], found: readonly string[]): void {
    for (const name of expected) {
      const isFound = found.includes(name);
      this.#of(name)[isFound ? 'hits' : 'missed']++;
      if (!isFound) this.misses.push(`${where}: ${name} is missed; found: ${found.join(', ') || 'nothing'}`);
    }
    for (const name of found) {
      if (expected.includes(name)) continue;
      this.#of(name).wrong++;
      this.misses.push(`${where}: ${name} is wrong; expected: ${expected.join(', ') || 'nothing'}`);
    }
  }

  #of(name: string): Count {
    const kind = name.split(' ')[0]!;
    const count = this.counts.get(kind) ?? { hits: 0, wrong: 0, missed: 0 };
    this.counts.set(kind, count);
    return count;
  }
}

function nameOf(finding: ReturnType<Analyst['patterns']>[number]['findings'][number]): string {
  if ('value' in finding) return `${finding.kind} ${finding.value}`;
  return 'event' in finding ? `${finding.kind} ${finding.event}` : finding.kind;
}

/** Score interval of a share, 95 % (Wilson, 1927). */
export function wilson(hits: number, n: number): readonly [from: number, to: number] {
  if (n === 0) return [0, 1];
  const z2 = 1.96 ** 2;
  const centre = (hits + z2 / 2) / (n + z2);
  const half = (1.96 / (n + z2)) * Math.sqrt((hits * (n - hits)) / n + z2 / 4);
  return [Math.max(0, centre - half), Math.min(1, centre + half)];
}
