import { type CheckedRun, MARK, SEND } from './checked-run.js';

/**
 * The latencies that a ledger knows. Except for `lag`, a message that was accepted, is indeterminate or was never sent
 * takes part, rejected and withheld ones do not.
 */
export type LatencyKind =
  /** START of the first handling minus intended send time. */
  | 'e2e'
  /** END of the first success minus intended. */
  | 'done'
  /** Acknowledgement minus intended. */
  | 'publish'
  /** START minus SENT: what a tool that forgets coordinated omission would show. */
  | 'uncorrected'
  /** SENT minus intended, while neither the driver's back-pressure nor a pause of the producer held the message back. */
  | 'lag';

/** Nanoseconds by ordinal: `Infinity` for what never happened, NaN for messages that do not take part. */
export function latencyOf(run: CheckedRun, kind: LatencyKind): (ordinal: number) => number {
  const { send, successes, sentNs, acknowledgedNs, firstStartNs, firstDoneNs, marks } = run;
  const { startNs, plan } = run.history;
  const dueNs = (ordinal: number) => startNs + (plan.intendedNs[ordinal] as number);
  const takesPart = (ordinal: number) => send[ordinal] !== SEND.rejected && send[ordinal] !== SEND.withheld;
  // Poison is not meant to be handled, so its missing success says nothing about the system's speed.
  const delivers = (ordinal: number) => takesPart(ordinal) && plan.poison[ordinal] === 0;
  switch (kind) {
    case 'e2e':
      return (ordinal) => {
        if (!delivers(ordinal)) return Number.NaN;
        return successes[ordinal] === 0 ? Infinity : (firstStartNs[ordinal] as number) - dueNs(ordinal);
      };
    case 'done':
      return (ordinal) => {
        if (!delivers(ordinal)) return Number.NaN;
        return successes[ordinal] === 0 ? Infinity : (firstDoneNs[ordinal] as number) - dueNs(ordinal);
      };
    case 'publish':
      return (ordinal) => {
        if (!takesPart(ordinal)) return Number.NaN;
        const acknowledged = acknowledgedNs[ordinal] as number;
        return acknowledged === 0 ? Infinity : acknowledged - dueNs(ordinal);
      };
    case 'uncorrected':
      return (ordinal) => {
        if (!delivers(ordinal)) return Number.NaN;
        if (successes[ordinal] === 0 || sentNs[ordinal] === 0) return Infinity;
        return (firstStartNs[ordinal] as number) - (sentNs[ordinal] as number);
      };
    case 'lag':
      return (ordinal) => {
        const sent = sentNs[ordinal] as number;
        if (sent === 0 || ((marks[ordinal] as number) & (MARK.blocked | MARK.paused)) !== 0) return Number.NaN;
        return sent - dueNs(ordinal);
      };
    default:
      return kind satisfies never;
  }
}
