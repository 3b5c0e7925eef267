import { type CheckedRun, MARK, SEND } from './checked-run.js';

/** A stall shorter than one interval of the report delays messages (latency shows it) but does not lower the rate. */
const SLACK_NS = 100e6;

export interface GeneratorSecond {
  /** From the start of the load. */
  readonly second: number;
  /** Share of the messages due in it that the generator handed over in time. */
  readonly share: number;
}

/**
 * How much of the planned rate the generator itself made, second by second. Left out: what a kill or a restart withheld, what the
 * driver's back-pressure or a pause held back, and what a crashed producer no longer sent (`crashed` counts that).
 */
export function generatorSeconds(run: CheckedRun): readonly GeneratorSecond[] {
  const { plan, startNs, crashes } = run.history;
  const seconds = Math.ceil(plan.endNs / 1e9);
  const due = new Uint32Array(seconds);
  const made = new Uint32Array(seconds);
  const crashed = new Set(crashes.filter(({ role }) => role === 'producer').map(({ worker }) => worker));
  for (let ordinal = 0; ordinal < plan.count; ordinal++) {
    if (run.send[ordinal] === SEND.withheld) continue;
    if (((run.marks[ordinal] as number) & (MARK.blocked | MARK.paused)) !== 0) continue;
    const sent = run.sentNs[ordinal] as number;
    if (sent === 0 && crashed.has(plan.producer[ordinal] as number)) continue;
    const second = Math.floor((plan.intendedNs[ordinal] as number) / 1e9);
    due[second] = (due[second] as number) + 1;
    const inTime = sent !== 0 && sent - startNs <= (second + 1) * 1e9 + SLACK_NS;
    if (inTime) made[second] = (made[second] as number) + 1;
  }
  return Array.from(due, (count, second) => ({ second, share: count === 0 ? 1 : (made[second] as number) / count }));
}
