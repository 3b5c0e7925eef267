import { describe, expect, it } from 'vitest';
import { type PlaybookOptions, resolvePlaybooks } from '../../../../../broker/recovery/workflow/playbook.js';
import {
  hitsOf,
  leftOf,
  objectionOf,
  type RecoverySignals,
  TriggerWatch,
} from '../../../../../broker/recovery/workflow/signals.js';

const QUIET: RecoverySignals = {
  atMs: 100_000,
  causes: [],
  hasUnseen: false,
  members: [{ id: 'm1', findings: [] }],
  failing: 0,
  missingPartitions: [],
  memory: new Map([['a:1', 0.5]]),
};
const CAUSE = { fingerprint: 'f', count: 3, recentMs: [50_000, 60_000, 70_000] };

function playbookOf(when: PlaybookOptions['when'], checks: PlaybookOptions['checks'] = {}) {
  return resolvePlaybooks([{ name: 'p', when, checks, steps: [{ do: 'wait', forMs: 1 }] }])[0]!;
}

const STUCK = { kind: 'stuck', forMs: 40_000, running: 1, handlers: [] } as never;

describe('a trigger', () => {
  it.each([
    ['dead-letters-quiet', { on: 'dead-letters-quiet', quietForMs: 30_000 }, { causes: [CAUSE] }, 'f'],
    ['dead-letters-burst', { on: 'dead-letters-burst', atLeast: 2, withinMs: 40_000 }, { causes: [CAUSE] }, 'f'],
    ['member-sick', { on: 'member-sick' }, { members: [{ id: 'm1', findings: [STUCK] }] }, 'm1'],
    ['group-missing', { on: 'group-missing' }, { missingPartitions: [2] }, 'group'],
    ['memory-high', { on: 'memory-high' }, { memory: new Map([['a:1', 0.95]]) }, 'a:1'],
  ] as const)('%s names its subject where it holds, and nobody where it does not', (_, when, signals, subject) => {
    const { when: trigger } = playbookOf(when as PlaybookOptions['when']);
    expect(hitsOf(trigger, { ...QUIET, ...signals }).map((hit) => hit.subject)).toEqual([subject]);
    expect(hitsOf(trigger, QUIET)).toEqual([]);
  });

  it('of quiet dead letters does not hold, nor is it gone, before all of them were looked at', () => {
    const { when } = playbookOf({ on: 'dead-letters-quiet', quietForMs: 1 });
    expect(hitsOf(when, { ...QUIET, causes: [CAUSE], hasUnseen: true })).toEqual([]);
    expect(leftOf(when, 'other', { ...QUIET, hasUnseen: true })).toMatch(/not all/);
  });

  it('of quiet dead letters does not hold while more come, that of a burst not when they came long ago', () => {
    const quiet = playbookOf({ on: 'dead-letters-quiet', quietForMs: 30_001 }).when;
    const burst = playbookOf({ on: 'dead-letters-burst', atLeast: 3, withinMs: 40_000 }).when;
    expect(hitsOf(quiet, { ...QUIET, causes: [CAUSE] })).toEqual([]);
    expect(hitsOf(burst, { ...QUIET, causes: [CAUSE] })).toEqual([]);
  });

  it('is due when it has held for as long as it has to, without a break', () => {
    const playbook = playbookOf({ on: 'group-missing', forMs: 5_000 });
    const watch = new TriggerWatch(10_000);
    const at = (atMs: number, missingPartitions: readonly number[]) =>
      watch.due([playbook], { ...QUIET, atMs, missingPartitions }).length;
    expect([at(0, [1]), at(4_999, [1]), at(5_000, [1, 2])]).toEqual([0, 0, 1]);
    expect([at(6_000, []), at(7_000, [1]), at(11_999, [1]), at(12_000, [1])]).toEqual([0, 0, 0, 1]);
    // Nobody has looked for a while.
    expect([at(22_001, [1]), at(27_000, [1]), at(27_001, [1])]).toEqual([0, 0, 1]);
  });
});

describe('what a playbook was begun for', () => {
  it('is left while dead letters of the cause are, quiet or not, and gone with them', () => {
    const { when } = playbookOf({ on: 'dead-letters-quiet', quietForMs: 30_000 });
    const back = { ...CAUSE, recentMs: [100_000] };
    expect(hitsOf(when, { ...QUIET, causes: [back] })).toEqual([]);
    expect(leftOf(when, 'f', { ...QUIET, causes: [back] })).toBe('3 dead letters');
    expect(leftOf(when, 'other', { ...QUIET, causes: [back] })).toBeUndefined();
    const missing = playbookOf({ on: 'group-missing' }).when;
    expect(leftOf(missing, 'group', { ...QUIET, missingPartitions: [1] })).toMatch(/partitions 1/);
    expect(leftOf(missing, 'group', QUIET)).toBeUndefined();
  });
});

describe('checks', () => {
  it('object where too few members live, or too much fails, and else do not', () => {
    const { checks } = playbookOf({ on: 'group-missing' }, { membersAtLeast: 2, failingAtMost: 0.2 });
    expect(objectionOf(checks, QUIET)).toBe('1 members are well, it needs 2');
    const two = { ...QUIET, members: [...QUIET.members, { id: 'm2', findings: [] }] };
    expect(objectionOf(checks, { ...two, failing: 0.21 })).toBe('21.0 % of the handlings fail, it needs 20 % at most');
    expect(objectionOf(checks, { ...two, failing: 0.2 })).toBeUndefined();
  });
});
