import { createHash } from 'node:crypto';
import type { Playbook, Step } from './playbook.js';
import type { Hit } from './signals.js';

export type RunState = 'running' | 'verifying' | 'recovered' | 'escalated' | 'cancelled';

/** One playbook carried out for one subject, as it is stored: whoever leads next goes on from here. */
export interface WorkflowRun {
  readonly playbook: string;
  readonly subject: string;
  readonly evidence: string;
  readonly state: RunState;
  /** The step that is to be done; as many as there are while it is verified. */
  readonly step: number;
  /** Of the playbook as it was when the run began: one that was changed since is another one. */
  readonly plan: string;
  /** How often a step was begun since one came to its end. */
  readonly begun: number;
  /** How often this step has failed. */
  readonly failures: number;
  /** The server's clock, as all of these. */
  readonly startedMs: number;
  /** When this step, or the verification, began. */
  readonly sinceMs: number;
  /** Nothing is done before. */
  readonly notBeforeMs: number;
  /** While it is verified: since when what it was begun for is gone. */
  readonly goneSinceMs?: number | undefined;
  readonly endedMs: number | undefined;
  /** What became of the last step, in words. */
  readonly note: string;
}

/** What became of a step. */
export type StepOutcome =
  | { readonly kind: 'done'; readonly note: string }
  | { readonly kind: 'failed'; readonly note: string }
  | { readonly kind: 'escalate'; readonly note: string };

export function planOf({ when, steps }: Playbook): string {
  return createHash('sha256')
    .update(JSON.stringify([when, steps]))
    .digest('hex')
    .slice(0, 16);
}

export function beginRun(playbook: Playbook, { subject, evidence }: Hit, nowMs: number): WorkflowRun {
  return {
    playbook: playbook.name,
    plan: planOf(playbook),
    subject,
    evidence,
    state: 'running',
    step: 0,
    begun: 0,
    failures: 0,
    startedMs: nowMs,
    sinceMs: nowMs,
    notBeforeMs: nowMs,
    endedMs: undefined,
    note: '',
  };
}

export function stepOf(run: WorkflowRun, { steps }: Playbook): Step | undefined {
  return run.state === 'running' ? steps[run.step] : undefined;
}

/** After a step. One that fails is tried again, after pauses that double; then it is somebody's who can think. */
export function afterStep(
  run: WorkflowRun,
  playbook: Playbook,
  { kind, note }: StepOutcome,
  nowMs: number,
): WorkflowRun {
  if (kind === 'escalate') return ended(run, 'escalated', note, nowMs);
  if (kind === 'done') {
    const step = run.step + 1;
    const state = step === playbook.steps.length ? 'verifying' : 'running';
    return { ...run, state, step, begun: 0, failures: 0, sinceMs: nowMs, notBeforeMs: nowMs, note };
  }
  const failures = run.failures + 1;
  if (failures >= playbook.tries) return ended({ ...run, failures }, 'escalated', note, nowMs);
  return { ...run, begun: 0, failures, notBeforeMs: nowMs + playbook.retryAfterMs * 2 ** (failures - 1), note };
}

/** Where all steps are done: whether what it was begun for is gone, and stays so. `left`: what is left of it. */
export function afterLook(run: WorkflowRun, playbook: Playbook, left: string | undefined, nowMs: number): WorkflowRun {
  if (run.state !== 'verifying') return run;
  const { verifyWithinMs, goneForMs } = playbook;
  const goneSinceMs = left === undefined ? (run.goneSinceMs ?? nowMs) : undefined;
  if (goneSinceMs !== undefined && nowMs - goneSinceMs >= goneForMs) return ended(run, 'recovered', run.note, nowMs);
  if (left !== undefined && nowMs - run.sinceMs >= verifyWithinMs) {
    return ended(run, 'escalated', `not gone after ${verifyWithinMs} ms: ${left}`, nowMs);
  }
  return goneSinceMs === run.goneSinceMs ? run : { ...run, goneSinceMs };
}

export function ended(
  run: WorkflowRun,
  state: 'recovered' | 'escalated' | 'cancelled',
  note: string,
  nowMs: number,
): WorkflowRun {
  return { ...run, state, note, endedMs: nowMs };
}

export function isOver({ endedMs }: WorkflowRun): boolean {
  return endedMs !== undefined;
}

const HOUR_MS = 3_600_000;

/** Why no run begins now, by what was run before; undefined: it may. One run of a group at a time. */
export function restOf(
  playbook: Playbook,
  { subject }: Hit,
  runs: readonly WorkflowRun[],
  nowMs: number,
): string | undefined {
  const own = runs.filter(({ playbook: name }) => name === playbook.name);
  const last = own.find((run) => run.subject === subject);
  if (last?.endedMs !== undefined && nowMs - last.endedMs < playbook.coolDownMs) {
    return `it was run for ${subject} ${nowMs - last.endedMs} ms ago, and cools down for ${playbook.coolDownMs} ms`;
  }
  const recent = own.filter(({ startedMs }) => nowMs - startedMs < HOUR_MS).length;
  if (recent >= playbook.runsPerHour) return `it was run ${recent} times within an hour`;
  return undefined;
}

/** Ended runs that nothing is decided by any more. */
export function forgotten(runs: readonly WorkflowRun[], playbooks: readonly Playbook[], nowMs: number): WorkflowRun[] {
  const longestMs = Math.max(HOUR_MS, ...playbooks.map(({ coolDownMs }) => coolDownMs));
  return runs.filter(({ endedMs }) => endedMs !== undefined && nowMs - endedMs > longestMs);
}
