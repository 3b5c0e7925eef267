import { describe, expect, it } from 'vitest';
import type { ToWorker } from '../../../../harness/load/protocol.js';
import { Autoscaling } from '../../../../harness/run/autoscaling.js';

function bed() {
  const state = { nowNs: 0, scaled: [] as number[], finish: [] as (() => void)[] };
  const log: string[] = [];
  const replies: ToWorker[] = [];
  const autoscaling = new Autoscaling({
    limits: { min: 1, max: 4 },
    scale: (consumers) => {
      state.scaled.push(consumers);
      return new Promise((resolve) => state.finish.push(resolve));
    },
    log: (text) => log.push(text),
    clock: { nowNs: () => state.nowNs },
  });
  let request = 0;
  const ask = (atMs: number, members: number, reason: string) => {
    state.nowNs = atMs * 1e6;
    autoscaling.onMessage({ type: 'scale', request: ++request, members, reason }, (reply) => replies.push(reply));
  };
  return { state, log, replies, autoscaling, ask };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('what the system asks for', () => {
  it('is done, and answered when it is', async () => {
    const { state, log, replies, ask } = bed();
    ask(10, 1, 'the group has 1');
    ask(20, 3, 'much comes in');
    expect(state.scaled).toEqual([1, 3]);
    expect(log).toEqual(['scaling from 1 to 3 consumers: much comes in']);
    await turn();
    expect(replies).toEqual([]);
    for (const finish of state.finish) finish();
    await turn();
    expect(replies).toEqual([
      { type: 'scaled', request: 1 },
      { type: 'scaled', request: 2 },
    ]);
  });

  it.each([5, 0])('is refused where the scenario does not have it: %d', async (members) => {
    const { state, log, replies, autoscaling, ask } = bed();
    ask(10, members, 'why not');
    await turn();
    const refusal = `consumers ${members}: the scenario has 1 to 4`;
    expect(state.scaled).toEqual([]);
    expect(log).toEqual([`scaling refused: ${refusal}`]);
    expect(replies).toEqual([{ type: 'scaled', request: 1, problem: refusal }]);
    expect(autoscaling.describe(0, []).asked).toEqual([{ atMs: 10, consumers: members, reason: 'why not', refusal }]);
  });
});

it('is told in milliseconds from the start of the load, beside what there was', () => {
  const { state, autoscaling, ask } = bed();
  ask(5, 1, 'the group has 1');
  state.nowNs = 30e6;
  const look = { needed: 1.2, ratePerSec: 170, backlog: 0, serviceMs: 40 };
  autoscaling.onMessage({ type: 'look', look }, () => {});
  expect(autoscaling.describe(10e6, [{ worker: 0, fromNs: 0, untilNs: 60e6 }])).toEqual({
    limits: { min: 1, max: 4 },
    asked: [{ atMs: -5, consumers: 1, reason: 'the group has 1' }],
    ready: [
      { atMs: -10, consumers: 1 },
      { atMs: 50, consumers: 0 },
    ],
    looks: [{ atMs: 20, ...look }],
  });
});
