import { describe, expect, it } from 'vitest';
import { handlerChangeOf, isInForce } from '../../../../harness/load/handler-change.js';
import { planLoad } from '../../../../harness/load/plan.js';
import type { OtherHandler } from '../../../../harness/scenario/scenario.js';
import { constant, loadScenario, phase } from '../../../fixtures/load-scenario.js';

const spec = { timeMs: 50, cpuMs: 0, failShare: 0 };
const base = loadScenario({
  consumers: 2,
  phases: ['warmup', 'sick', 'well', 'again'].map((name) => phase(constant(100), 1000, name)),
});

function changeOf(other: OtherHandler, worker = 'consumer-2') {
  const scenario = { ...base, consumers: { ...base.consumers, except: { 'consumer-2': other } } };
  return handlerChangeOf(scenario, planLoad(scenario), worker);
}

const seconds = (change: NonNullable<ReturnType<typeof changeOf>>) =>
  [undefined, -1, 0.5, 1, 1.9, 2, 3.5, 4].map((second) => isInForce(change, second && second * 1e9));

describe("a worker's own handler", () => {
  it("is nobody else's", () => {
    expect(changeOf({ handler: spec }, 'consumer-1')).toBeUndefined();
    expect(handlerChangeOf(base, planLoad(base), 'consumer-2')).toBeUndefined();
  });

  it('is in force always, where no phase is said', () => {
    const change = changeOf({ handler: spec });
    expect(change?.spec).toEqual(spec);
    expect(seconds(change!)).toEqual(Array(8).fill(true));
  });

  it('is in force in its phases, and neither before the load nor after it', () => {
    const change = changeOf({ handler: spec, during: ['again', 'sick'] });
    expect(seconds(change!)).toEqual([false, false, false, true, true, false, true, false]);
  });
});
