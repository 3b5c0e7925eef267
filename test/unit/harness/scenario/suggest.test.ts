import { expect, it } from 'vitest';
import { didYouMean, nearest } from '../../../../harness/scenario/suggest.js';

it.each([
  ['latncy', 'latency'],
  ['Latency', 'latency'],
  ['resetpeer', 'reset_peer'],
  ['reset-peer', 'reset_peer'],
  ['kil', 'kill'],
  ['dwon', 'down'],
])('takes %s for %s', (word, meant) => {
  expect(nearest(word, ['latency', 'kill', 'down', 'pause', 'reset_peer'])).toBe(meant);
});

it('suggests nothing that is far, and nothing out of nothing', () => {
  expect(nearest('earthquake', ['latency', 'kill', 'down'])).toBeUndefined();
  expect(nearest('x', [])).toBeUndefined();
  expect(nearest('x', ['y'])).toBeUndefined();
  expect(didYouMean('earthquake', ['kill'])).toBe('');
});
