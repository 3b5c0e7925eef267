import { describe, expect, it } from 'vitest';
import { type Ending, judgeEnd } from '../../../../harness/load/worker-end.js';

const orderly: Ending = {
  code: 0,
  signal: null,
  finished: true,
  failure: undefined,
  ready: true,
  signalled: false,
  verdict: undefined,
};

describe('judgeEnd', () => {
  it.each<[string, Partial<Ending>, string]>([
    ['an orderly end', {}, 'finished'],
    ['an exit that the driver made', { finished: false }, 'crashed'],
    ['an exit code without a message', { finished: false, code: 1 }, 'crashed'],
    ['an abort, even after a fault signalled it', { code: null, signal: 'SIGABRT', signalled: true }, 'crashed'],
    ['a segmentation fault', { finished: false, code: null, signal: 'SIGSEGV' }, 'crashed'],
    ['a kill by a fault', { finished: false, code: null, signal: 'SIGKILL', signalled: true }, 'killed'],
    ['a kill by somebody else', { finished: false, code: null, signal: 'SIGKILL' }, 'outside'],
    ['silence', { finished: false, code: null, signal: 'SIGKILL', verdict: 'deaf' }, 'deaf'],
    [
      'one that would not stop',
      { finished: false, code: null, signal: 'SIGKILL', verdict: 'not-closed' },
      'not-closed',
    ],
    ['a driver that did not start', { failure: { code: 'driver', message: '' }, ready: false, code: 70 }, 'driver'],
    ['a driver that failed later', { failure: { code: 'driver', message: '' }, code: 70 }, 'crashed'],
    ['a full disk', { failure: { code: 'ledger', message: '' }, code: 72 }, 'ledger'],
  ])('judges %s', (_, changes, reason) => {
    expect(judgeEnd({ ...orderly, ...changes }).reason).toBe(reason);
  });
});
