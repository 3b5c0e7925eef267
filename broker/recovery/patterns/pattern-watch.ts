import type { FailurePattern } from './failure-pattern.js';

/** `changed`: another nature, or other findings. */
export type PatternChange = 'appeared' | 'changed' | 'ended';

export interface PatternNews {
  readonly change: PatternChange;
  readonly pattern: FailurePattern;
}

/** Looks in a row that have to agree before it is told. */
const RAISE_LOOKS = 2;
const CHANGE_LOOKS = 3;
/** Without a failure: it has ended. */
const QUIET_MS = 60_000;

interface Told {
  pattern: FailurePattern;
  /** Undefined: not told yet. */
  gist: string | undefined;
  nextGist: string;
  looks: number;
}

/**
 * Says when a pattern appears, changes and ends, each once: what is at the edge, now found and now not, is told when several
 * looks agree. Of those that have ended with nothing told, nothing is.
 */
export class PatternWatch {
  readonly #told = new Map<number, Told>();

  look(patterns: readonly FailurePattern[], nowMs: number): PatternNews[] {
    const news: PatternNews[] = [];
    const present = new Map(patterns.map((pattern) => [pattern.id, pattern]));
    for (const [id, told] of this.#told) {
      told.pattern = present.get(id) ?? told.pattern;
      if (nowMs - told.pattern.evidence.lastMs < QUIET_MS) continue;
      this.#told.delete(id);
      if (told.gist !== undefined) news.push({ change: 'ended', pattern: told.pattern });
    }
    for (const pattern of patterns) {
      const change = nowMs - pattern.evidence.lastMs < QUIET_MS ? this.#step(pattern) : undefined;
      if (change !== undefined) news.push({ change, pattern });
    }
    return news;
  }

  #step(pattern: FailurePattern): PatternChange | undefined {
    const gist = gistOf(pattern);
    const told = this.#told.get(pattern.id);
    if (told === undefined) {
      this.#told.set(pattern.id, { pattern, gist: undefined, nextGist: gist, looks: 1 });
      return undefined;
    }
    told.looks = gist === told.nextGist ? told.looks + 1 : 1;
    told.nextGist = gist;
    // What was said stays said while nothing better is known.
    if (gist === told.gist || !isTelling(pattern)) return undefined;
    if (told.looks < (told.gist === undefined ? RAISE_LOOKS : CHANGE_LOOKS)) return undefined;
    const change = told.gist === undefined ? 'appeared' : 'changed';
    told.gist = gist;
    return change;
  }
}

function isTelling({ nature, findings }: FailurePattern): boolean {
  return nature === 'poison' || nature === 'systemic' || findings.length > 0;
}

/** What a change is a change of: figures change all the time. */
function gistOf({ nature, findings }: FailurePattern): string {
  return [nature, ...findings.map((finding) => `${finding.kind} ${'value' in finding ? finding.value : ''}`)].join(
    '\n',
  );
}
