import { describe, expect, it } from 'vitest';
import { BrokerError } from '../../../../../broker/broker-error.js';
import { resolvePlaybooks } from '../../../../../broker/recovery/workflow/playbook.js';
import { READY_PLAYBOOKS } from '../../../../../broker/recovery/workflow/ready-playbooks.js';

const TRIM = { name: 'a', when: { on: 'memory-high' }, steps: [{ do: 'trim' }] };

function refusalOf(given: unknown): string {
  try {
    resolvePlaybooks(given);
  } catch (error) {
    expect(error).toBeInstanceOf(BrokerError);
    expect((error as BrokerError).code).toBe('bad-option');
    return (error as BrokerError).message;
  }
  throw new Error('it was accepted');
}

describe('playbooks', () => {
  it('that are ready are well-formed, and have defaults for what they leave out', () => {
    const resolved = resolvePlaybooks(Object.values(READY_PLAYBOOKS));
    expect(resolved.map(({ name }) => name)).toContain('dependency-recovered');
    expect(resolved[0]).toMatchObject({ tries: 3, retryAfterMs: 10_000, coolDownMs: 300_000 });
  });

  it.each([
    ['an unknown step', [{ ...TRIM, steps: [{ do: 'reboot' }] }], /^playbooks\[0\]\.steps\[0\]\.do 'reboot': /],
    ['an unknown trigger', [{ ...TRIM, when: { on: 'full-moon' } }], /^playbooks\[0\]\.when\.on 'full-moon': /],
    ['a field that nobody knows', [{ ...TRIM, step: 1 }], /^playbooks\[0\].*step/],
    [
      'a limit out of range',
      [{ ...TRIM, when: { on: 'memory-high', ratio: 90 } }],
      /^playbooks\[0\]\.when\.ratio 90: /,
    ],
    ['no step', [{ ...TRIM, steps: [] }], /^playbooks\[0\]\.steps/],
    ['a name twice', [TRIM, TRIM], /^playbooks\[1\]\.name 'a': another playbook has this name/],
    [
      'a step for another subject',
      [{ ...TRIM, steps: [{ do: 'redrive' }] }],
      /^playbooks\[0\]\.steps\[0\]\.do 'redrive': it is done to a cause, but 'memory-high' is about a master/,
    ],
    ['no list', { name: 'a' }, /^playbooks /],
    ['nothing', [], /^playbooks/],
  ])('are refused with place, value and remedy: %s', (_, given, expected) => {
    expect(refusalOf(given)).toMatch(expected);
  });
});
