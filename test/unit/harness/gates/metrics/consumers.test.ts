import { describe, expect, it } from 'vitest';
import { checkRun } from '../../../../../harness/ledger/checker.js';
import { faultAt, judge, measure } from '../../../../fixtures/gate-run.js';
import { buildHistory, START_NS } from '../../../../fixtures/ledger-builder.js';
import { constantPlan } from '../../../../fixtures/load-plan.js';
import { temporaryFolders } from '../../../../fixtures/temporary-folder.js';

const folder = temporaryFolders();
const phases = ['low', 'high', 'quiet'].map((name) => ({ name, durationMs: 2000 }));

/** Seconds from the start of the load in which each consumer was ready. */
function runWith(...spans: readonly (readonly [from: number, until: number])[]) {
  const consumers = spans.map(([from, until]) => ({
    worker: 0,
    fromNs: START_NS + from * 1e9,
    untilNs: START_NS + until * 1e9,
  }));
  const plan = constantPlan({ ratePerSec: 50, phases });
  return checkRun(buildHistory({ dir: folder(), plan, overrides: { consumers, faults: [faultAt('cut', 3500)] } }));
}

describe('how many consumers there were', () => {
  // One from the beginning; a second one from 1.5 s to 4.5 s, a third one from 2.5 s to 3.8 s.
  const run = runWith([-1, 20], [1.5, 4.5], [2.5, 3.8]);

  it('is the most, and the fewest, at one time in the scope', () => {
    expect(measure(run, 'consumers.max >= 3')).toMatchObject({ value: 3, samples: 300 });
    expect(measure(run, 'consumers.min >= 1').value).toBe(1);
    expect(measure(run, 'consumers.max <= 1 during low').value).toBe(2);
    expect(measure(run, 'consumers.min <= 1 during low').value).toBe(1);
    expect(measure(run, 'consumers.min >= 2 during high').value).toBe(2);
    expect(measure(run, 'consumers.max <= 2 during quiet').value).toBe(2);
    expect(measure(run, 'consumers.max >= 3 after cut').value).toBe(3);
    expect(measure(run, 'consumers.max >= 1 during low, quiet').value).toBe(2);
  });

  it('is the load alone: neither what was before it nor the end of the run', () => {
    const steady = runWith([-1, 20], [-1, -0.5], [7, 20]);
    expect(measure(steady, 'consumers.max == 1').value).toBe(1);
    expect(measure(steady, 'consumers.min == 1').value).toBe(1);
  });

  it('fails a gate that it breaks, and no other', () => {
    const verdicts = (gates: readonly string[]) => judge(run, gates).gates.map(({ verdict }) => verdict);
    expect(verdicts(['consumers.max >= 4 during high', 'consumers.min <= 1 during high'])).toEqual(['fail', 'fail']);
    expect(verdicts(['consumers.max >= 3 during high', 'consumers.max <= 3'])).toEqual(['pass', 'pass']);
  });

  it('is none where none was ready', () => {
    expect(measure(runWith(), 'consumers.max >= 1')).toMatchObject({ value: 0 });
    expect(measure(runWith([3, 20]), 'consumers.min >= 1').value).toBe(0);
  });
});
