import { describe, expect, it } from 'vitest';
import type { HealthFinding } from '../../../../../broker/groups/health/finding.js';
import type { HealthPolicy } from '../../../../../broker/groups/health/health-options.js';
import { actionFor, type Circumstances, treatmentOf } from '../../../../../broker/groups/health/treatment.js';
import type { Seat } from '../../../../../broker/groups/roster.js';
import { healthOf, rosterOf, seat } from '../../../../fixtures/health-bed.js';

const slow: HealthFinding = { kind: 'slow', serviceMs: 400, peersMs: 20 };
const stuck: HealthFinding = { kind: 'stuck', count: 1, handlers: [] };
const suspect: HealthFinding = { kind: 'suspect', phi: 12, silentMs: 1_800 };
const drainAll: HealthPolicy = {
  slow: 'drain',
  stuck: 'drain',
  stalled: 'drain',
  failing: 'replace',
  unleased: 'drain',
};
const warnAll: HealthPolicy = { slow: 'warn', stuck: 'warn', stalled: 'warn', failing: 'warn', unleased: 'warn' };

interface Case extends Partial<Pick<Circumstances, 'member' | 'policy' | 'isDrainOver'>> {
  readonly seats?: readonly Seat[];
  readonly sick?: Readonly<Record<string, HealthFinding>>;
  readonly reports?: number;
}

/** Who is to drain (+) or to drain no more (-). */
function treated({ seats, sick = {}, reports = 1, ...rest }: Case): string | undefined {
  const found = treatmentOf({
    roster: rosterOf(seats ?? ['a', 'b', 'c', 'd'].map((id) => seat(id))),
    member: 'a',
    policy: drainAll,
    isDrainOver: false,
    healthOf: (id) => healthOf(id, ...(sick[id] === undefined ? [] : [sick[id]])),
    reportsWith: (id, kind) => (sick[id]?.kind === kind ? reports : 0),
    ...rest,
  });
  return found === undefined ? undefined : `${found.isDraining ? '+' : '-'}${found.seat.id}`;
}

const draining = (id: string) => seat(id, { isDraining: true });

describe('a sick member', () => {
  it('drains itself by its policy', () => {
    expect(treated({ sick: { a: slow } })).toBe('+a');
    expect(treated({ sick: { a: slow }, policy: warnAll })).toBeUndefined();
    expect(treated({})).toBeUndefined();
  });

  it('drains itself for leases that only it cannot hold, by its own word; nobody else does', () => {
    const all: HealthFinding = { kind: 'unleased', partitions: 2, isAlone: false };
    const alone: HealthFinding = { ...all, isAlone: true };
    expect(treated({ sick: { a: all } })).toBeUndefined();
    expect(treated({ sick: { a: alone } })).toBe('+a');
    expect(treated({ sick: { a: alone }, policy: warnAll })).toBeUndefined();
    expect(treated({ sick: { a: alone, b: all, c: all, d: all } })).toBeUndefined();
    expect(treated({ sick: { b: alone }, reports: 1_000 })).toBeUndefined();
  });

  it('is not drained for its silence', () => {
    expect(treated({ sick: { a: suspect } })).toBeUndefined();
    expect(treated({ sick: { b: suspect }, reports: 1_000 })).toBeUndefined();
  });

  it('is drained by a peer where it has not done so itself in time', () => {
    expect(treated({ sick: { b: slow }, reports: 10 })).toBeUndefined();
    expect(treated({ sick: { b: slow }, reports: 11 })).toBe('+b');
    expect(treated({ sick: { b: slow }, reports: 11, policy: warnAll })).toBeUndefined();
    expect(treated({ seats: [seat('a'), draining('b'), seat('c')], sick: { b: slow }, reports: 11 })).toBeUndefined();
  });

  it('is not drained where more than half of the group would be, not counting who is away', () => {
    const half = [seat('a'), draining('b'), draining('c'), seat('d')];
    expect(treated({ seats: half, sick: { a: slow } })).toBeUndefined();
    expect(treated({ seats: [seat('a'), seat('b')], sick: { a: slow } })).toBe('+a');
    expect(treated({ seats: [seat('a')], sick: { a: slow } })).toBeUndefined();
    const away = [seat('a'), seat('b', { isAway: true })];
    expect(treated({ seats: away, sick: { a: slow } })).toBeUndefined();
  });

  it('is not drained where nobody else is well', () => {
    expect(treated({ sick: { a: slow, b: stuck, c: suspect, d: slow } })).toBeUndefined();
    expect(treated({ seats: [seat('a'), seat('b'), draining('c'), seat('d')], sick: { a: slow, b: stuck } })).toBe(
      '+a',
    );
  });
});

describe('a drained member', () => {
  const seats = [draining('a'), seat('b'), seat('c')];

  it('is given partitions again after its pause: only then it shows whether it is slow', () => {
    expect(treated({ seats, sick: { a: slow } })).toBeUndefined();
    expect(treated({ seats, sick: { a: slow }, isDrainOver: true })).toBe('-a');
  });

  it('is not while its handlers are stuck, unless nothing is to be done about those', () => {
    expect(treated({ seats, sick: { a: stuck }, isDrainOver: true })).toBeUndefined();
    expect(treated({ seats, isDrainOver: true })).toBe('-a');
    expect(treated({ seats, sick: { a: stuck }, isDrainOver: true, policy: warnAll })).toBe('-a');
  });

  it('is at once where half of the group is not enough any more', () => {
    expect(treated({ seats: [draining('a'), draining('b'), seat('c')], sick: { a: stuck } })).toBe('-a');
  });

  it('is left alone by its peers', () => {
    expect(treated({ seats, member: 'b', isDrainOver: true })).toBeUndefined();
  });
});

it('of several findings the strongest action counts', () => {
  const policy: HealthPolicy = { ...warnAll, stuck: 'drain', failing: 'replace' };
  const failing: HealthFinding = { kind: 'failing', failureRatio: 1, peersRatio: 0 };
  expect(actionFor(healthOf('a', slow, stuck, failing), policy)).toBe('replace');
  expect(actionFor(healthOf('a', slow, stuck, suspect), policy)).toBe('drain');
  expect(actionFor(healthOf('a', slow, suspect), policy)).toBe('warn');
  expect(actionFor(undefined, policy)).toBe('warn');
  const replaced: HealthPolicy = { ...warnAll, unleased: 'replace' };
  const unleased = (isAlone: boolean) => healthOf('a', { kind: 'unleased', partitions: 2, isAlone });
  expect([unleased(false), unleased(true)].map((one) => actionFor(one, replaced))).toEqual(['warn', 'replace']);
});
