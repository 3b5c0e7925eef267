import type { FailureFinding, FailureNature } from '../../broker/recovery/patterns/failure-pattern.js';
import type { ObservedFailure, ObservedMessage } from '../../broker/recovery/patterns/observed.js';
import type { Analyst } from './failure-mixes.js';

const SCOPES = ['key', 'partition', 'consumer', 'kind'] as const;
const TOP_SHARE = 0.6;

interface Cause {
  readonly fingerprint: string;
  readonly times: number[];
  readonly attempts: Map<string, number>;
  readonly counts: Readonly<Record<(typeof SCOPES)[number], Map<string, number>>>;
}

/**
 * What somebody would write in an afternoon: by fingerprint, the most frequent value of each scope where it has more than
 * 60 % of the failures, 80 % in a fifth of the time for a burst, twice as many in the last third for growth, the first failure within 30 s
 * of an event, three failures of a message for poison, 30 % of what was handled in its seconds for systemic.
 */
export class NaiveAnalyst implements Analyst {
  readonly #causes = new Map<string, Cause>();
  readonly #handled = new Map<number, number>();
  readonly #events: { readonly name: string; readonly atMs: number }[] = [];

  isNext(): boolean {
    return true;
  }

  passed(_message: ObservedMessage, atMs: number): void {
    this.#count(atMs);
  }

  recovered(): void {}

  happened(name: string, atMs: number): void {
    this.#events.push({ name, atMs });
  }

  failed(message: ObservedMessage, failures: readonly ObservedFailure[], atMs: number): void {
    if (failures.length === 1) this.#count(atMs);
    const { fingerprint } = failures.at(-1)!;
    const cause = this.#causes.get(fingerprint) ?? newCause(fingerprint);
    this.#causes.set(fingerprint, cause);
    cause.times.push(atMs);
    cause.attempts.set(message.id, (cause.attempts.get(message.id) ?? 0) + 1);
    for (const scope of SCOPES) {
      const value = String(message[scope]);
      cause.counts[scope].set(value, (cause.counts[scope].get(value) ?? 0) + 1);
    }
  }

  patterns(nowMs: number): ReturnType<Analyst['patterns']> {
    return [...this.#causes.values()]
      .filter(({ times }) => times.length >= 4)
      .map((cause) => ({
        nature: this.#natureOf(cause),
        findings: [...placesOf(cause), ...shapesOf(cause, nowMs), ...this.#afterOf(cause)],
        fingerprints: [cause.fingerprint],
        evidence: {
          failures: cause.times.length,
          messages: cause.attempts.size,
          firstMs: cause.times[0]!,
          lastMs: cause.times.at(-1)!,
          failingShare: 0,
          retries: 0,
          failedAgain: 0,
          examples: [],
        },
      }));
  }

  #natureOf({ times, attempts }: Cause): FailureNature {
    const seconds = new Set(times.map((ms) => Math.floor(ms / 1_000)));
    const handled = [...seconds].reduce((all, second) => all + (this.#handled.get(second) ?? 0), 0);
    if (attempts.size >= 0.3 * handled) return 'systemic';
    return Math.max(...attempts.values()) >= 3 ? 'poison' : 'transient';
  }

  #afterOf({ times }: Cause): FailureFinding[] {
    const event = this.#events.find(({ atMs }) => times[0]! >= atMs && times[0]! < atMs + 30_000);
    if (event === undefined) return [];
    return [{ kind: 'after', event: event.name, eventAtMs: event.atMs, shareBefore: 0, shareAfter: 0, confidence: 1 }];
  }

  #count(atMs: number): void {
    const second = Math.floor(atMs / 1_000);
    this.#handled.set(second, (this.#handled.get(second) ?? 0) + 1);
  }
}

function newCause(fingerprint: string): Cause {
  const counts = { key: new Map(), partition: new Map(), consumer: new Map(), kind: new Map() };
  return { fingerprint, times: [], attempts: new Map(), counts };
}

/** The narrowest one. */
function placesOf({ counts, attempts, times }: Cause): FailureFinding[] {
  const found = (kind: 'one-message' | 'one-key' | 'one-partition' | 'one-consumer' | 'one-kind', value: string) => {
    return [{ kind, value, failuresThere: 1, passedThere: 0, failingShare: 1, confidence: 1 }];
  };
  if (attempts.size === 1) return found('one-message', [...attempts.keys()][0]!);
  for (const scope of SCOPES) {
    const [value, count] = [...counts[scope]].toSorted((a, b) => b[1] - a[1])[0]!;
    if (count >= TOP_SHARE * times.length) return found(`one-${scope}`, value);
  }
  return [];
}

function shapesOf({ times }: Cause, nowMs: number): FailureFinding[] {
  const within = (from: number, until: number) => times.filter((ms) => ms >= from && ms < until).length;
  const width = nowMs / 5;
  const most = Math.max(...Array.from({ length: 81 }, (_, i) => within((i * nowMs) / 100, (i * nowMs) / 100 + width)));
  if (most >= 0.8 * times.length) return [{ kind: 'burst', fromMs: 0, untilMs: 0, share: 1, confidence: 1 }];
  const thirds = [within(0, nowMs / 3), within((2 * nowMs) / 3, nowMs + 1)] as const;
  if (thirds[0] > 0 && thirds[1] >= 2 * thirds[0]) {
    return [{ kind: 'growing', fromShare: 0, toShare: 0, confidence: 1 }];
  }
  return [];
}
