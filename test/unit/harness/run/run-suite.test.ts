import { describe, expect, it } from 'vitest';
import { EXIT } from '../../../../harness/exit-codes.js';
import { mergeExitCodes } from '../../../../harness/run/run-suite.js';

describe('the exit code of a suite', () => {
  it('is the first that applies of interrupted, usage, failed, environment, inconclusive, pass', () => {
    const { pass, gateFailed, usage, environment, inconclusive, interrupted } = EXIT;
    expect(mergeExitCodes([pass, inconclusive, environment, gateFailed, usage, interrupted])).toBe(130);
    expect(mergeExitCodes([pass, inconclusive, environment, gateFailed, usage])).toBe(2);
    expect(mergeExitCodes([inconclusive, environment, gateFailed])).toBe(1);
    expect(mergeExitCodes([inconclusive, environment])).toBe(3);
    expect(mergeExitCodes([inconclusive, pass])).toBe(4);
    expect(mergeExitCodes([pass, pass])).toBe(0);
  });
});
