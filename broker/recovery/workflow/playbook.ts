import { inspect } from 'node:util';
import { z } from 'zod';
import { BrokerError } from '../../broker-error.js';
import { MAX_TIMER_MS } from '../../clock.js';

const ms = z.number().int().min(0).max(MAX_TIMER_MS);
const count = z.number().int().min(1);
const SICKNESSES = ['slow', 'stuck', 'stalled', 'failing', 'unleased'] as const;

/** When a playbook is for a subject: a cause of dead letters, a member, the group itself, or a master. */
const trigger = z.discriminatedUnion('on', [
  /** A cause has dead letters, and none has come for a while: what was broken may be well again. */
  z.strictObject({ on: z.literal('dead-letters-quiet'), atLeast: count.default(1), quietForMs: ms.default(30_000) }),
  /** So many dead letters of one cause have come within a time. */
  z.strictObject({ on: z.literal('dead-letters-burst'), atLeast: count.default(20), withinMs: ms.default(10_000) }),
  /** A member has had one of these findings for so long. */
  z.strictObject({
    on: z.literal('member-sick'),
    findings: z.array(z.enum(SICKNESSES)).min(1).readonly().default(['stuck', 'stalled']),
    forMs: ms.default(10_000),
  }),
  /** Some partition does not know the group any more. */
  z.strictObject({ on: z.literal('group-missing'), forMs: ms.default(5_000) }),
  /** A master uses so much of its `maxmemory`. */
  z.strictObject({
    on: z.literal('memory-high'),
    ratio: z.number().gt(0).max(1).default(0.9),
    forMs: ms.default(5_000),
  }),
]);

const step = z.discriminatedUnion('do', [
  /** Puts the cause's dead letters back: all of them, or so many. Fails where a canary does. */
  z.strictObject({
    do: z.literal('redrive'),
    perSecond: z.number().gt(0).max(100_000).default(100),
    canaries: z.number().int().min(0).default(1),
    canaryTimeoutMs: ms.min(1).default(60_000),
    limit: count.optional(),
  }),
  /** From now on messages that fail by this cause are set aside at their first failure. */
  z.strictObject({ do: z.literal('quarantine'), forMs: ms.min(1).default(600_000) }),
  /** The member hands its partitions over, and is given none for a while. */
  z.strictObject({ do: z.literal('drain') }),
  /** Asks whoever starts members for another one: `replaceMember`, or the event `replace-wanted`. */
  z.strictObject({ do: z.literal('replace') }),
  /** Registers the group again where it is missing. */
  z.strictObject({ do: z.literal('recreate-group'), startAt: z.enum(['earliest', 'latest']).default('earliest') }),
  /** Trims the topic's log below what every group has settled. */
  z.strictObject({ do: z.literal('trim') }),
  z.strictObject({ do: z.literal('wait'), forMs: ms }),
  /** Tells somebody: the run ends here. */
  z.strictObject({ do: z.literal('escalate'), why: z.string().min(1).max(500) }),
]);

const playbook = z.strictObject({
  name: z.string().regex(/^[a-z0-9-]{1,64}$/, 'a name of a-z, 0-9 and -, at most 64 characters'),
  when: trigger,
  /** What has to hold before it begins. */
  checks: z
    .strictObject({
      /** So many members are well. */
      membersAtLeast: count.optional(),
      /** Of what the group handles now at most this part fails: others get through. */
      failingAtMost: z.number().min(0).max(1).optional(),
    })
    .default({}),
  steps: z.array(step).min(1).max(20).readonly(),
  /** What it was begun for has to be gone by then: else it is escalated. */
  verifyWithinMs: ms.default(60_000),
  /** And to stay gone for so long. */
  goneForMs: ms.default(5_000),
  /** How often a step that fails is tried, with pauses that double. */
  tries: count.max(20).default(3),
  retryAfterMs: ms.min(1).default(10_000),
  /** After a run, the same subject is left alone for so long. */
  coolDownMs: ms.default(300_000),
  /** All subjects together. */
  runsPerHour: count.default(12),
});

const playbooks = z.array(playbook).min(1).max(100);

export type Playbook = z.output<typeof playbook>;
/** As it is written: what has a default may be left out. */
export type PlaybookOptions = z.input<typeof playbook>;
export type Trigger = Playbook['when'];
export type Step = Playbook['steps'][number];

/** What a step can be done about. */
const SUBJECTS: Readonly<Record<Trigger['on'], 'cause' | 'member' | 'group' | 'master'>> = {
  'dead-letters-quiet': 'cause',
  'dead-letters-burst': 'cause',
  'member-sick': 'member',
  'group-missing': 'group',
  'memory-high': 'master',
};
const NEEDS: Readonly<Partial<Record<Step['do'], string>>> = {
  redrive: 'cause',
  quarantine: 'cause',
  drain: 'member',
  replace: 'member',
  'recreate-group': 'group',
};

/** Throws BrokerError `bad-option`, which names the place, what stands there, and what is expected. */
export function resolvePlaybooks(given: unknown): readonly Playbook[] {
  const parsed = playbooks.safeParse(given);
  if (!parsed.success) {
    const { path, message } = parsed.error.issues[0]!;
    throw bad(path, valueAt(given, path), message);
  }
  const names = new Set<string>();
  for (const [i, { name, when, steps }] of parsed.data.entries()) {
    if (names.has(name)) throw bad([i, 'name'], name, 'another playbook has this name; each needs its own');
    names.add(name);
    for (const [j, { do: action }] of steps.entries()) {
      const needed = NEEDS[action];
      if (needed === undefined || needed === SUBJECTS[when.on]) continue;
      throw bad(
        [i, 'steps', j, 'do'],
        action,
        `it is done to a ${needed}, but '${when.on}' is about a ${SUBJECTS[when.on]}`,
      );
    }
  }
  return parsed.data;
}

function valueAt(given: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((value, key) => (value as Record<PropertyKey, unknown> | undefined)?.[key], given);
}

function bad(path: readonly PropertyKey[], value: unknown, expected: string): BrokerError {
  const place = path.map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('');
  const shown =
    value === undefined ? '' : ` ${inspect(value, { depth: 1, breakLength: Number.POSITIVE_INFINITY }).slice(0, 100)}`;
  return new BrokerError('bad-option', `playbooks${place}${shown}: ${expected}`);
}
