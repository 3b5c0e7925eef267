import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Trigger, type Verdict } from '../../../../../broker/groups/health/trigger.js';

const steps = (trigger: Trigger, ...verdicts: Verdict[]) => verdicts.map((verdict) => trigger.step(verdict));

describe('a trigger', () => {
  it('is raised by so many in a row, and cleared by so many in a row', () => {
    const trigger = new Trigger(3, 2);
    expect(steps(trigger, 'sick', 'sick', 'sick', 'well', 'well', 'sick')).toEqual([
      false,
      false,
      true,
      true,
      false,
      false,
    ]);
  });

  it.each<Verdict>(['well', 'between'])('starts to count anew after one that is %s', (verdict) => {
    const trigger = new Trigger(2, 2);
    expect(steps(trigger, 'sick', verdict, 'sick', verdict, 'sick')).not.toContain(true);
  });

  it('stays raised while it is not well', () => {
    const trigger = new Trigger(1, 2);
    expect(steps(trigger, 'sick', 'well', 'between', 'well', 'sick', 'well')).not.toContain(false);
    trigger.reset();
    expect(trigger.isRaised).toBe(false);
  });

  it('never changes more often than its rows allow', () => {
    const verdict = fc.constantFrom<Verdict>('sick', 'well', 'between');
    fc.assert(
      fc.property(fc.array(verdict, { maxLength: 200 }), (verdicts) => {
        const trigger = new Trigger(5, 5);
        const states = [false, ...verdicts.map((one) => trigger.step(one))];
        const changes = states.filter((state, i) => i > 0 && state !== states[i - 1]).length;
        expect(changes).toBeLessThanOrEqual(verdicts.length / 5);
      }),
    );
  });
});
