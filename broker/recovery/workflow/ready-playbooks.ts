import type { PlaybookOptions } from './playbook.js';

/** For what goes wrong most often. Each can be given alone, or changed: they are plain objects. */
export const READY_PLAYBOOKS = {
  /** What was broken seems well: one dead letter first, then a few, then all. A canary that fails stops it. */
  dependencyRecovered: {
    name: 'dependency-recovered',
    when: { on: 'dead-letters-quiet', atLeast: 1, quietForMs: 30_000 },
    checks: { membersAtLeast: 1, failingAtMost: 0.2 },
    steps: [
      { do: 'redrive', canaries: 1, limit: 1 },
      { do: 'redrive', perSecond: 10, canaries: 5, limit: 100 },
      { do: 'redrive', perSecond: 100, canaries: 5 },
    ],
  },
  /** One cause gives up message after message while others get through: no attempts are wasted on it for ten minutes. */
  poisonBurst: {
    name: 'poison-burst',
    when: { on: 'dead-letters-burst', atLeast: 20, withinMs: 10_000 },
    checks: { failingAtMost: 0.5 },
    steps: [{ do: 'quarantine', forMs: 600_000 }],
    verifyWithinMs: 30_000,
  },
  sickConsumer: {
    name: 'sick-consumer',
    when: { on: 'member-sick', findings: ['stuck', 'stalled'], forMs: 10_000 },
    checks: { membersAtLeast: 1 },
    steps: [{ do: 'drain' }, { do: 'replace' }],
  },
  groupLost: {
    name: 'group-lost',
    when: { on: 'group-missing', forMs: 5_000 },
    checks: { membersAtLeast: 1 },
    steps: [{ do: 'recreate-group', startAt: 'earliest' }],
    verifyWithinMs: 10_000,
    coolDownMs: 30_000,
  },
  memoryNearFull: {
    name: 'memory-near-full',
    when: { on: 'memory-high', ratio: 0.9, forMs: 5_000 },
    steps: [{ do: 'trim' }],
    verifyWithinMs: 10_000,
  },
} as const satisfies Readonly<Record<string, PlaybookOptions>>;
