import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Playbook, resolvePlaybooks } from '../../../../../broker/recovery/workflow/playbook.js';
import {
  afterLook,
  afterStep,
  beginRun,
  ended,
  forgotten,
  isOver,
  restOf,
  type StepOutcome,
  stepOf,
  type WorkflowRun,
} from '../../../../../broker/recovery/workflow/workflow-run.js';

const HIT = { subject: 'group', evidence: 'missing on partitions 1' };
const DONE: StepOutcome = { kind: 'done', note: 'fine' };
const FAILED: StepOutcome = { kind: 'failed', note: 'not yet' };

function playbookOf(more: object = {}): Playbook {
  const steps = [{ do: 'wait', forMs: 1 }, { do: 'recreate-group' }];
  return resolvePlaybooks([{ name: 'p', when: { on: 'group-missing' }, steps, ...more }])[0]!;
}

describe('a run', () => {
  it('does its steps one after another, and has recovered when the trigger is gone', () => {
    const playbook = playbookOf({ goneForMs: 0 });
    const first = beginRun(playbook, HIT, 0);
    expect(stepOf(first, playbook)?.do).toBe('wait');
    const second = afterStep(first, playbook, DONE, 10);
    expect(stepOf(second, playbook)?.do).toBe('recreate-group');
    const done = afterStep(second, playbook, DONE, 20);
    expect([done.state, stepOf(done, playbook)]).toEqual(['verifying', undefined]);
    expect(afterLook(done, playbook, 'some', 30)).toBe(done);
    expect(afterLook(done, playbook, undefined, 40)).toMatchObject({ state: 'recovered', endedMs: 40 });
  });

  it('tries a step that fails again after pauses that double, and then tells somebody', () => {
    const playbook = playbookOf({ tries: 3, retryAfterMs: 100 });
    const once = afterStep(beginRun(playbook, HIT, 0), playbook, FAILED, 1_000);
    expect(once).toMatchObject({ state: 'running', step: 0, failures: 1, notBeforeMs: 1_100 });
    const twice = afterStep(once, playbook, FAILED, 2_000);
    expect(twice.notBeforeMs).toBe(2_200);
    expect(afterStep(twice, playbook, DONE, 2_300)).toMatchObject({ step: 1, failures: 0 });
    expect(afterStep(twice, playbook, FAILED, 3_000)).toMatchObject({
      state: 'escalated',
      note: 'not yet',
      endedMs: 3_000,
    });
  });

  it('tells somebody where the trigger is not gone in time, or a step says so', () => {
    const playbook = playbookOf({ verifyWithinMs: 50 });
    const verifying = afterStep(afterStep(beginRun(playbook, HIT, 0), playbook, DONE, 0), playbook, DONE, 100);
    expect(afterLook(verifying, playbook, 'some', 149)).toBe(verifying);
    expect(afterLook(verifying, playbook, 'some', 150)).toMatchObject({ state: 'escalated' });
    const told = afterStep(beginRun(playbook, HIT, 0), playbook, { kind: 'escalate', note: 'call Ann' }, 5);
    expect(told).toMatchObject({ state: 'escalated', note: 'call Ann' });
  });

  it('has not recovered before what it was begun for has stayed away for as long as it has to', () => {
    const playbook = playbookOf({ goneForMs: 100 });
    const verifying = afterStep(afterStep(beginRun(playbook, HIT, 0), playbook, DONE, 0), playbook, DONE, 0);
    const gone = afterLook(verifying, playbook, undefined, 50);
    expect(gone).toMatchObject({ state: 'verifying', goneSinceMs: 50 });
    const back = afterLook(gone, playbook, 'some', 149);
    expect(back).toMatchObject({ state: 'verifying', goneSinceMs: undefined });
    expect(afterLook(back, playbook, undefined, 150)).toMatchObject({ state: 'verifying', goneSinceMs: 150 });
    expect(afterLook(gone, playbook, undefined, 150)).toMatchObject({ state: 'recovered' });
  });

  it('ends after so many outcomes as steps and tries allow, whatever they are', () => {
    const outcomes = fc.array(fc.constantFrom<StepOutcome>(DONE, FAILED), { minLength: 20, maxLength: 20 });
    fc.assert(
      fc.property(outcomes, fc.integer({ min: 1, max: 5 }), (all, tries) => {
        const playbook = playbookOf({ tries });
        let run: WorkflowRun = beginRun(playbook, HIT, 0);
        let steps = 0;
        for (const outcome of all) {
          if (stepOf(run, playbook) === undefined) break;
          run = afterStep(run, playbook, outcome, ++steps);
          expect(run.failures).toBeLessThanOrEqual(tries);
        }
        expect(steps).toBeLessThanOrEqual(playbook.steps.length * tries);
        expect(stepOf(run, playbook)).toBeUndefined();
      }),
    );
  });
});

describe('a playbook', () => {
  it('rests after a run for the same subject, and not for another one', () => {
    const playbook = playbookOf({ coolDownMs: 1_000 });
    const run = ended(beginRun(playbook, HIT, 0), 'recovered', '', 100);
    expect(restOf(playbook, HIT, [run], 1_099)).toMatch(/cools down/);
    expect(restOf(playbook, HIT, [run], 1_100)).toBeUndefined();
    expect(restOf(playbook, { ...HIT, subject: 'other' }, [run], 1_099)).toBeUndefined();
  });

  it('is carried out only so often within an hour', () => {
    const playbook = playbookOf({ coolDownMs: 0, runsPerHour: 2 });
    const runs = [0, 1].map((startedMs) => ended(beginRun(playbook, HIT, startedMs), 'recovered', '', startedMs));
    expect(restOf(playbook, HIT, runs, 3_599_999)).toMatch(/2 times within an hour/);
    expect(restOf(playbook, HIT, runs, 3_600_000)).toBeUndefined();
  });

  it('is forgotten when neither decides anything any more, and never while it is under way', () => {
    const playbook = playbookOf();
    const running = beginRun(playbook, HIT, 0);
    const over = ended(running, 'escalated', '', 0);
    expect([isOver(running), isOver(over)]).toEqual([false, true]);
    expect(forgotten([running, over], [playbook], 3_600_000)).toEqual([]);
    expect(forgotten([running, over], [playbook], 3_600_001)).toEqual([over]);
  });
});
