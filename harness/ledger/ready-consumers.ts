import type { ReadySpan } from './history.js';

/** From this time on so many consumers were ready. Monotonic ns. */
export interface ReadyStep {
  readonly atNs: number;
  readonly consumers: number;
}

/** How many consumers were ready, as steps: ascending, no two alike in a row. */
export function readySteps(spans: readonly ReadySpan[]): ReadyStep[] {
  const changes = spans.flatMap(({ fromNs, untilNs }) => [
    { atNs: fromNs, by: 1 },
    { atNs: untilNs, by: -1 },
  ]);
  const steps: ReadyStep[] = [];
  let consumers = 0;
  for (const { atNs, by } of changes.sort((a, b) => a.atNs - b.atNs)) {
    consumers += by;
    if (steps.at(-1)?.atNs === atNs) steps.pop();
    if ((steps.at(-1)?.consumers ?? 0) !== consumers) steps.push({ atNs, consumers });
  }
  return steps;
}
