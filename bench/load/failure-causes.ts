import type { FailureNature } from '../../broker/recovery/patterns/failure-pattern.js';
import type { ObservedMessage } from '../../broker/recovery/patterns/observed.js';
import { hashString } from '../../harness/random.js';

/** What is known of a cause, because it was made so. */
export interface Label {
  /** Undefined: not asked. */
  readonly nature: FailureNature | undefined;
  /** Findings that there are, `<kind>` or `<kind> <value>`; any other one is wrong. Undefined: not asked. */
  readonly findings: readonly string[] | undefined;
}

/** A cause of failures: which handlings fail, and what they say. */
export interface Cause extends Label {
  readonly name: string;
  /** Traffic in which it acts, where the usual one is too easy. */
  readonly traffic?: Partial<Traffic>;
  /** Whether something is deployed at {@link EVENT_SECOND}. */
  readonly isDeployed?: boolean;
  fails(message: ObservedMessage, second: number, random: () => number): boolean;
}

export interface Traffic {
  perSecond(second: number): number;
  /** Draws a key's number of {@link KEYS}. */
  key(random: () => number, second: number): number;
}

export const SECONDS = 180;
export const EVENT_SECOND = 90;
export const KEYS = 300;

const uniform: Traffic = { perSecond: () => 60, key: (random) => Math.floor(random() * KEYS) };
/** One key has a fifth of all. */
const skewed: Partial<Traffic> = { key: (random) => (random() < 0.2 ? 7 : Math.floor(random() * KEYS)) };

export function trafficOf(causes: readonly Cause[]): Traffic {
  return Object.assign({}, uniform, ...causes.map(({ traffic }) => traffic)) as Traffic;
}

/** The same messages, whatever the attempt. */
function isChosen({ id }: ObservedMessage, share: number): boolean {
  return (Math.imul(hashString(id), 2_654_435_761) >>> 0) / 2 ** 32 < share;
}

const now = (share: number) => (_: ObservedMessage, _second: number, random: () => number) => random() < share;
const during = (from: number, until: number) => (_: ObservedMessage, second: number) =>
  second >= from && second < until;

/** Flaps 20 s apart, up to 2 s early or late, 5 s each. */
function isFlap(second: number): boolean {
  const flap = Math.round(second / 20);
  const start = flap * 20 + (hashString(`flap ${flap}`) % 5) - 2;
  return second >= start && second < start + 5;
}

export const CAUSES: readonly Cause[] = [
  { name: 'one message', nature: 'poison', findings: ['one-message m-3000'], fails: ({ id }) => id === 'm-3000' },
  { name: 'one key', nature: 'poison', findings: ['one-key k7'], fails: ({ key }) => key === 'k7' },
  {
    name: 'one hot key',
    nature: 'poison',
    findings: ['one-key k7'],
    traffic: skewed,
    fails: ({ key }) => key === 'k7',
  },
  { name: 'one kind', nature: 'systemic', findings: ['one-kind refund'], fails: ({ kind }) => kind === 'refund' },
  {
    name: 'one kind since a deployment',
    nature: 'systemic',
    findings: ['one-kind refund', 'after deployment'],
    isDeployed: true,
    fails: ({ kind }, second) => kind === 'refund' && second >= EVENT_SECOND + 3,
  },
  { name: '1 % of messages', nature: 'poison', findings: [], fails: (message) => isChosen(message, 0.01) },
  { name: '0.1 % of messages', nature: 'poison', findings: [], fails: (message) => isChosen(message, 0.001) },
  {
    name: '1 % of messages, one partition busy',
    nature: 'poison',
    findings: [],
    traffic: skewed,
    fails: (message) => isChosen(message, 0.01),
  },
  {
    name: 'ever more messages',
    nature: 'poison',
    findings: ['growing'],
    fails: (message, second) => isChosen(message, (0.04 * second) / SECONDS),
  },
  {
    name: 'one member',
    nature: 'systemic',
    findings: ['one-consumer c2'],
    fails: ({ consumer }, second) => consumer === 'c2' && second >= 45,
  },
  {
    name: 'one member, two of five',
    nature: 'systemic',
    findings: ['one-consumer c2'],
    fails: ({ consumer }, _second, random) => consumer === 'c2' && random() < 0.4,
  },
  {
    name: 'one partition',
    nature: 'systemic',
    findings: ['one-partition 5'],
    fails: ({ partition }, second) => partition === 5 && second >= 45,
  },
  { name: 'dependency down', nature: 'systemic', findings: ['burst'], fails: during(60, 80) },
  {
    name: 'dependency down after a failover',
    nature: 'systemic',
    findings: ['burst', 'after deployment'],
    isDeployed: true,
    fails: during(EVENT_SECOND + 2, EVENT_SECOND + 30),
  },
  { name: 'dependency flaps', nature: 'systemic', findings: ['periodic'], fails: (_, second) => isFlap(second) },
  { name: 'a fiftieth of all', nature: 'transient', findings: [], fails: now(0.02) },
  { name: 'a thousandth of all', nature: 'transient', findings: [], fails: now(0.001) },
  { name: 'a fiftieth, one key hot', nature: 'transient', findings: [], traffic: skewed, fails: now(0.02) },
  {
    name: 'a fiftieth, before and after a deployment',
    nature: 'transient',
    findings: [],
    isDeployed: true,
    fails: now(0.02),
  },
  {
    name: 'a fiftieth, ever more traffic of other keys',
    nature: 'transient',
    findings: [],
    traffic: {
      perSecond: (second) => 30 + Math.floor((90 * second) / SECONDS),
      key: (random, second) => Math.floor((random() ** 3 * KEYS + second) % KEYS),
    },
    fails: now(0.02),
  },
  {
    name: 'a fiftieth, traffic in bursts',
    nature: 'transient',
    findings: [],
    traffic: { perSecond: (second) => (second % 30 < 5 ? 240 : 30) },
    fails: now(0.02),
  },
  {
    name: 'two keys of one partition',
    nature: 'poison',
    findings: [],
    fails: ({ key }) => key === 'k21' || key === 'k37',
  },
  {
    name: 'two members of four',
    nature: 'systemic',
    findings: [],
    fails: ({ consumer }) => consumer === 'c1' || consumer === 'c2',
  },
  {
    name: 'one member, a twentieth',
    nature: undefined,
    findings: ['one-consumer c2'],
    fails: ({ consumer }, _second, random) => consumer === 'c2' && random() < 0.05,
  },
  {
    name: 'one partition, a twentieth',
    nature: undefined,
    findings: ['one-partition 5'],
    fails: ({ partition }, _second, random) => partition === 5 && random() < 0.05,
  },
  {
    name: 'one partition, and some of all',
    nature: undefined,
    findings: ['one-partition 5'],
    fails: ({ partition }, _second, random) => random() < (partition === 5 ? 0.5 : 0.01),
  },
  {
    name: 'one kind, one of fifty',
    nature: undefined,
    findings: ['one-kind refund'],
    fails: ({ kind }, _second, random) => kind === 'refund' && random() < 0.02,
  },
  {
    name: 'dependency down for 3 s, while one key has most',
    nature: 'systemic',
    findings: ['burst'],
    traffic: {
      key: (random, second) => (second >= 60 && second < 63 && random() < 0.8 ? 7 : Math.floor(random() * KEYS)),
    },
    fails: during(60, 63),
  },
  {
    name: 'dependency flaps, seldom and briefly',
    nature: 'systemic',
    findings: ['periodic'],
    fails: (_, second) => second % 40 < 2,
  },
  {
    name: 'slightly more of all',
    nature: 'transient',
    findings: ['growing'],
    fails: (_, second, random) => random() < 0.01 + (0.03 * second) / SECONDS,
  },
  {
    name: 'some of all, more since a deployment',
    nature: 'transient',
    findings: ['after deployment'],
    isDeployed: true,
    fails: (_, second, random) => random() < (second < EVENT_SECOND ? 0.01 : 0.06),
  },
  {
    name: 'more and more, long before a deployment',
    nature: 'transient',
    findings: ['growing'],
    isDeployed: true,
    fails: (_, second, random) => random() < (0.15 * second) / SECONDS,
  },
  {
    name: 'ever more of all',
    nature: undefined,
    findings: ['growing'],
    fails: (_, second, random) => random() < (0.25 * second) / SECONDS,
  },
];

/** A fifth of all attempts: what is looked for beside it has to be seen through it. */
export const NOISE: Cause = { name: 'noise', nature: 'transient', findings: undefined, fails: now(0.2) };
