import pc from 'picocolors';
import { describe, expect, it } from 'vitest';
import type { FailureFinding, FailurePattern } from '../../../../broker/index.js';
import { renderPattern } from '../../../../harness/cli/operate/show-failures.js';

const plainColours = pc.createColors(false);
const pattern = (different: Partial<FailurePattern> = {}): FailurePattern => ({
  id: 1,
  template: 'Error: no price for <id>',
  fingerprints: ['9f2c4e81aa07'],
  nature: 'poison',
  confidence: 0.9991,
  findings: [],
  evidence: {
    failures: 12,
    messages: 3,
    firstMs: 0,
    lastMs: 60_000,
    failingShare: 0.1,
    retries: 9,
    failedAgain: 9,
    examples: ['m1', 'm\u001b[2J'],
  },
  ...different,
});
const there = { value: 'x', failuresThere: 0.9, passedThere: 0.1, failingShare: 1, confidence: 0.999999 };

describe('a pattern on the terminal', () => {
  it('says what it is, how sure, and what to do, and steers nothing', () => {
    expect(renderPattern(pattern(), plainColours).split('\n')).toEqual([
      'Error: no price for <id>',
      '  poison (99.91 %): 12 failures of 3 messages, 1970-01-01T00:00:00.000Z to 1970-01-01T00:01:00.000Z',
      '  such as m1, m\ufffd[2J',
      '  fingerprints 9f2c4e81aa07',
      '  to do: mend the messages or the handler: further attempts do not help.',
      '  to do: once that is done: gauntlet broker dlq redrive <topic> <group> --fingerprint 9f2c4e81aa07',
    ]);
  });

  it.each<[FailureFinding, RegExp]>([
    [{ kind: 'one-message', ...there }, /one message: x \(> 99\.99 %\)/],
    [{ kind: 'one-kind', ...there }, /one kind x: 90 % of what fails, 10 % of what passes/],
    [
      { kind: 'burst', fromMs: 0, untilMs: 9_000, share: 0.9, confidence: 0.995 },
      /burst: 90 % of it from 1970.*9\.000Z/,
    ],
    [{ kind: 'periodic', periodMs: 20_400, confidence: 0.995 }, /periodic: about every 20 s/],
    [{ kind: 'growing', fromShare: 0.01, toShare: 0.05, confidence: 0.995 }, /growing: from 1 % to 5 %/],
    [
      { kind: 'after', event: 'failover', eventAtMs: 0, shareBefore: 0, shareAfter: 1, confidence: 0.995 },
      /after failover at 1970.*\n(.*\n)*.*compare what runs now/,
    ],
  ])('shows %o', (finding, expected) => {
    expect(renderPattern(pattern({ findings: [finding] }), plainColours)).toMatch(expected);
  });

  it('claims nothing of what is unclear', () => {
    const text = renderPattern(pattern({ nature: 'unclear', confidence: 0 }), plainColours);
    expect(text).toMatch(/unclear: 12 failures.*to do: wait for more of it\.$/s);
  });
});
