import { describe, expect, it } from 'vitest';
import { toldOf, vitalsOf } from '../../../../../broker/groups/health/member-vitals.js';
import { vitals } from '../../../../fixtures/health-bed.js';

const sent = (told: unknown) => vitalsOf({ health: JSON.parse(JSON.stringify(told)) });

describe('what members tell each other', () => {
  it('arrives, in short', () => {
    const finding = { kind: 'stalled', loopDelayMs: 2_000 } as const;
    const poison = { partition: 1, id: 'm', key: 'k', attempts: 3, members: 2 };
    const whole = vitals({ held: [0, 3], serviceMs: 1.23456, findings: [finding], poison: [poison] });
    expect(sent(toldOf(whole))).toEqual({ ...whole, serviceMs: 1.235 });
    expect(sent(toldOf(vitals()))).toEqual(vitals());
    expect(JSON.stringify(toldOf(vitals())).length).toBeLessThan(170);
  });

  it('is nothing where another version told something else', () => {
    expect([{}, { health: null }, { health: 'well' }].map(vitalsOf)).toEqual([undefined, undefined, undefined]);
    expect(sent({ ...vitals(), serviceMs: 'long' })).toBeUndefined();
  });

  it('keeps of the findings what can be understood', () => {
    const stalled = { kind: 'stalled', loopDelayMs: 2_000 };
    expect(sent({ ...vitals(), findings: [stalled, { kind: 'bored' }, null] })?.findings).toEqual([stalled]);
    expect(sent({ ...vitals(), findings: 'none', poison: 'none' })).toMatchObject({ findings: [], poison: [] });
    expect(sent({ ...vitals(), held: ['0', 2, null] })?.held).toEqual([2]);
    expect(sent({ ...vitals(), held: 4 })?.held).toEqual([]);
  });
});
