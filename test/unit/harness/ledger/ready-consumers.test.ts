import { expect, it } from 'vitest';
import { readySteps } from '../../../../harness/ledger/ready-consumers.js';

const span = (fromNs: number, untilNs: number) => ({ worker: 0, fromNs, untilNs });

it('counts consumers from when they are ready to their end', () => {
  expect(readySteps([span(0, 100), span(20, 50), span(30, 100)])).toEqual([
    { atNs: 0, consumers: 1 },
    { atNs: 20, consumers: 2 },
    { atNs: 30, consumers: 3 },
    { atNs: 50, consumers: 2 },
    { atNs: 100, consumers: 0 },
  ]);
});

it('has one step for what happens at the same time, and none where that changes nothing', () => {
  expect(readySteps([span(0, 10), span(10, 20), span(0, 20)])).toEqual([
    { atNs: 0, consumers: 2 },
    { atNs: 20, consumers: 0 },
  ]);
  expect(readySteps([])).toEqual([]);
});
