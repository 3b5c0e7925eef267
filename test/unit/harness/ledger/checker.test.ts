import { describe, expect, it } from 'vitest';
import { FATE, MARK, SEND } from '../../../../harness/ledger/checked-run.js';
import { checkRun } from '../../../../harness/ledger/checker.js';
import { generatorSeconds } from '../../../../harness/ledger/generator-rate.js';
import type { InventoryItem, WorkerIncident } from '../../../../harness/ledger/history.js';
import { memberNumber, NO_ORDINAL } from '../../../../harness/ledger/record.js';
import { countsIn } from '../../../fixtures/checked-counts.js';
import { buildHistory, type HistorySpec, type MessageStory, START_NS } from '../../../fixtures/ledger-builder.js';
import { constantPlan } from '../../../fixtures/load-plan.js';
import { temporaryFolders } from '../../../fixtures/temporary-folder.js';

const folder = temporaryFolders();

/** 100 messages over 100 ms, 10 keys, one producer, two consumers, unless told otherwise. */
function check(spec: Partial<HistorySpec> = {}) {
  return checkRun(buildHistory({ dir: folder(), plan: constantPlan(), ...spec }));
}

function found(...items: Partial<InventoryItem>[]): Partial<HistorySpec> {
  const full = items.map((item) => ({ ordinal: 0, place: 'log', copies: 1, corrupt: false, ...item }) as const);
  return { overrides: { inventory: { stable: true, scans: 2, problem: undefined, items: full } } };
}

const incident = (kind: WorkerIncident['kind'], fromMs: number, untilMs: number, worker = 0): WorkerIncident => ({
  role: 'consumer',
  worker,
  incarnation: 0,
  kind,
  fromNs: START_NS + fromMs * 1e6,
  untilNs: START_NS + untilMs * 1e6,
});

describe('checkRun', () => {
  it('finds nothing wrong with a healthy run', () => {
    const run = check();
    expect(countsIn(run)).toEqual({ accepted: 100, delivered: 100 });
    expect(run.damage).toEqual([]);
    expect(run.faultsWithoutEffect).toEqual([]);
    expect(run.records).toBe(100 * 4 + 3 * 2);
    expect(run.firstStartNs[7]).toBe(START_NS + 9e6);
    expect(run.firstDoneNs[7]).toBe(START_NS + 10e6);
    expect(run.acknowledgedNs[7]).toBe(START_NS + 8e6);
  });

  it('counts accepted messages that nobody has as lost, and those that the inventory holds as what they are', () => {
    const gone = [3, 14, 15, 92];
    const run = check({
      story: (ordinal, healthy) => (gone.includes(ordinal) ? { ...healthy, handlings: [] } : healthy),
      ...found(
        { ordinal: 14, place: 'pending' },
        { ordinal: 15, place: 'dead-letters' },
        { ordinal: 92, place: 'quarantine' },
      ),
    });
    expect([...gone].map((ordinal) => run.fate[ordinal])).toEqual([
      FATE.lost,
      FATE.stranded,
      FATE.deadLettered,
      FATE.quarantined,
    ]);
    expect(countsIn(run)).toMatchObject({ accepted: 100, delivered: 96, lost: 1, stranded: 1, collateral: 2 });
  });

  it('finds nothing in an inventory that never agreed with itself', () => {
    const run = check({
      story: (ordinal, healthy) => (ordinal === 3 ? { ...healthy, handlings: [] } : healthy),
      overrides: {
        inventory: {
          stable: false,
          scans: 30,
          problem: 'changes',
          items: [{ ordinal: 3, place: 'log', copies: 1, corrupt: false }],
        },
      },
    });
    expect(countsIn(run)).toEqual({ accepted: 100, delivered: 99, lost: 1 });
  });

  it('counts delivered messages that are still held as unsettled', () => {
    expect(countsIn(check(found({ ordinal: 5, place: 'pending' })))).toMatchObject({ delivered: 100, unsettled: 1 });
  });

  it('tells unsent, rejected, indeterminate and unanswered apart', () => {
    const run = check({
      story: (ordinal, healthy) => {
        if (ordinal === 1) return {};
        if (ordinal === 2) return { sentMs: 2, outcomes: [{ kind: 'rejected', ms: 3 }] };
        if (ordinal === 3) return { ...healthy, outcomes: [{ kind: 'indeterminate', ms: 3 }] };
        if (ordinal === 4) return { ...healthy, outcomes: [] };
        if (ordinal === 5) return { ...healthy, outcomes: [{ kind: 'accepted', ms: 10_006 }] };
        if (ordinal === 6) return { ...healthy, outcomes: [{ kind: 'accepted', ms: 10_005 }] };
        return healthy;
      },
    });
    expect([...run.send.subarray(1, 7)]).toEqual([
      SEND.unsent,
      SEND.rejected,
      SEND.indeterminate,
      SEND.indeterminate,
      SEND.accepted,
      SEND.accepted,
    ]);
    expect(countsIn(run)).toEqual({
      unsent: 1,
      rejected: 1,
      indeterminate: 2,
      accepted: 96,
      delivered: 96,
      recovered: 2,
      unanswered: 2,
    });
  });

  it('takes a missing outcome at a killed producer for indeterminate only, and its unsent messages as withheld', () => {
    const run = check({
      story: (ordinal, healthy) => {
        if (ordinal === 29) return { ...healthy, outcomes: [] };
        if (ordinal >= 30 && ordinal < 60) return {};
        return ordinal >= 60 ? { ...healthy, incarnation: 1 } : healthy;
      },
      killed: { 'producer-0.0': 30.5 },
      overrides: { incidents: [{ ...incident('killed', 30.5, 59.5), role: 'producer' }] },
    });
    expect(countsIn(run)).toEqual({ withheld: 30, indeterminate: 1, recovered: 1, accepted: 69, delivered: 69 });
    expect(run.damage).toEqual([]);
  });

  it('takes what a restarted producer did not send as withheld, and what was due before or after as unsent', () => {
    const run = check({
      story: (ordinal, healthy) => {
        if (ordinal === 10 || ordinal === 70 || (ordinal >= 30 && ordinal < 60)) return {};
        return ordinal >= 60 ? { ...healthy, incarnation: 1 } : healthy;
      },
      overrides: { incidents: [{ ...incident('stopped', 30.5, 59.5), role: 'producer' }] },
    });
    expect(countsIn(run)).toEqual({ unsent: 2, withheld: 30, accepted: 68, delivered: 68 });
    expect(run.damage).toEqual([]);
    expect(generatorSeconds(run)).toEqual([{ second: 0, share: 68 / 70 }]);
  });

  it('calls a second, different outcome a breach of contract, and keeps accepted', () => {
    const run = check({
      story: (ordinal, healthy) => {
        if (ordinal === 1) return { ...healthy, outcomes: both('accepted', 'indeterminate') };
        if (ordinal === 2) return { ...healthy, outcomes: both('rejected', 'accepted') };
        if (ordinal === 3) return { ...healthy, outcomes: both('accepted', 'accepted') };
        return healthy;
      },
      contractForeign: 2,
    });
    expect(countsIn(run)).toEqual({ accepted: 100, delivered: 100, contract: 4 });
    expect(run.violations.contract[0]).toEqual({ ordinal: 1, detail: 'accepted, then indeterminate' });
  });

  it('counts every success beyond the first as duplicated, and copies in the inventory', () => {
    const run = check({
      story: (ordinal, healthy) => {
        const [handling] = healthy.handlings ?? [];
        if (ordinal !== 8 || !handling) return healthy;
        const again = { ...handling, startMs: 20, endMs: 21 };
        const third = { ...handling, startMs: 30, endMs: 31 };
        return { ...healthy, handlings: [handling, again, third] };
      },
      ...found({ ordinal: 9, place: 'dead-letters', copies: 3 }, { ordinal: 9, place: 'pending', copies: 1 }),
    });
    expect(countsIn(run)).toMatchObject({ duplicated: 5, 'duplicated.unexcused': 5, retries: 2 });
  });

  it('excuses a duplicate whose first worker was hit between START and its settling horizon', () => {
    const twice =
      (second: string) =>
      (ordinal: number, healthy: MessageStory): MessageStory => {
        if (ordinal !== 40) return healthy;
        return {
          ...healthy,
          handlings: [
            { consumer: '0.0', startMs: 42, endMs: 43 },
            { consumer: second, startMs: 90, endMs: 91 },
          ],
        };
      };
    const hit = (...incidents: WorkerIncident[]) => countsIn(check({ story: twice('1.0'), overrides: { incidents } }));
    expect(hit()).toMatchObject({ duplicated: 1, 'duplicated.unexcused': 1 });
    expect(hit(incident('paused', 43, 80)).duplicated).toBe(1);
    expect(hit(incident('paused', 43, 80))['duplicated.unexcused']).toBeUndefined();
    expect(hit(incident('cut-off', 5043, 5050))['duplicated.unexcused']).toBeUndefined();
    expect(hit(incident('cut-off', 5044, 5050))['duplicated.unexcused']).toBe(1);
    expect(hit(incident('stopped', 43, 80))['duplicated.unexcused']).toBe(1);
    expect(hit(incident('paused', 10, 41))['duplicated.unexcused']).toBe(1);
    expect(hit(incident('paused', 43, 80, 1))['duplicated.unexcused']).toBe(1);
  });

  it('counts messages of one key whose handlings intersect, across workers', () => {
    const run = check({
      story: (ordinal, healthy) =>
        ordinal === 20 ? { ...healthy, handlings: [{ consumer: '1.0', startMs: 22, endMs: 32.5 }] } : healthy,
    });
    expect(countsIn(run)).toEqual({ accepted: 100, delivered: 100, overlapped: 2, moves: 2 });
    expect(run.marks[20]).toBe(MARK.overlapped);
    expect(run.marks[30]).toBe(MARK.overlapped);
  });

  it('lets handlings touch, and ends those of a killed worker at the kill', () => {
    const touching = check({
      story: (ordinal, healthy) =>
        ordinal === 20 ? { ...healthy, handlings: [{ consumer: '1.0', startMs: 22, endMs: 32 }] } : healthy,
    });
    expect(countsIn(touching).overlapped).toBeUndefined();
    const killedAt = (ms: number) =>
      check({
        plan: constantPlan({ keys: 1 }),
        story: (ordinal, healthy) => {
          if (ordinal === 99) return { ...healthy, handlings: [{ consumer: '1.0', startMs: 200, endMs: 201 }] };
          return { ...healthy, handlings: ordinal === 98 ? [{ consumer: '0.0', startMs: 150 }] : [] };
        },
        killed: { 'consumer-0.0': ms },
      });
    expect(countsIn(killedAt(200)).overlapped).toBeUndefined();
    expect(countsIn(killedAt(201)).overlapped).toBe(2);
  });

  it('marks what finished after a later message of its key from the same producer instance', () => {
    const swap: HistorySpec['story'] = (ordinal, healthy) =>
      ordinal === 20 ? { ...healthy, handlings: [{ consumer: '0.0', startMs: 60.1, endMs: 60.2 }] } : healthy;
    const run = check({ story: swap });
    expect(countsIn(run)).toEqual({ accepted: 100, delivered: 100, reordered: 1 });
    expect(run.marks[20]).toBe(MARK.reordered);
    expect(countsIn(check({ story: swap, plan: constantPlan({ keys: 0 }) })).reordered).toBeUndefined();
  });

  it('does not compare messages of two producer instances, and reports pairs with an indeterminate one apart', () => {
    const late: HistorySpec['story'] = (ordinal, healthy) =>
      ordinal === 20 ? { ...healthy, handlings: [{ consumer: '0.0', startMs: 34, endMs: 35 }] } : healthy;
    const twoInstances = check({
      story: (ordinal, healthy) => ({ ...late(ordinal, healthy), incarnation: ordinal < 30 ? 0 : 1 }),
      killed: { 'producer-0.0': 30 },
    });
    expect(countsIn(twoInstances)).toEqual({ accepted: 100, delivered: 100 });
    const unsure = check({
      story: (ordinal, healthy) =>
        ordinal === 30 ? { ...healthy, outcomes: [{ kind: 'indeterminate', ms: 31 }] } : late(ordinal, healthy),
    });
    expect(countsIn(unsure)).toMatchObject({ 'reordered.indeterminate': 1, indeterminate: 1 });
    expect(countsIn(unsure).reordered).toBeUndefined();
  });

  it('calls handled and stored messages unexpected that were never sent, rejected, foreign or corrupt', () => {
    const run = check({
      story: (ordinal, healthy) => {
        if (ordinal === 1) return { handlings: healthy.handlings ?? [] };
        if (ordinal === 2) return { ...healthy, outcomes: [{ kind: 'rejected', ms: 3 }] };
        if (ordinal === 3)
          return { ...healthy, handlings: [{ consumer: '0.0', startMs: 9, unexpected: 'key-mismatch' }] };
        return healthy;
      },
      foreign: [
        { consumer: '0.0', startMs: 5, unexpected: 'foreign-nonce' },
        { consumer: '1.0', startMs: 5, unexpected: 'foreign-nonce' },
      ],
      ...found({ ordinal: NO_ORDINAL, copies: 2 }, { ordinal: 4, corrupt: true, place: 'dead-letters' }),
    });
    expect(countsIn(run)).toMatchObject({ unexpected: 8, lost: 1, unsent: 1, rejected: 1 });
    expect(run.violations.unexpected.map(({ reason, where }) => `${reason} ${where}`)).toEqual([
      'never-sent consumer-2',
      'rejected consumer-1',
      'foreign-nonce consumer-1',
      'foreign-nonce consumer-2',
      'key-mismatch consumer-1',
      'foreign-nonce inventory (log)',
      'corrupt-payload inventory (dead-letters)',
    ]);
  });

  it('forgives a dead letter after the configured number of failed handlings only', () => {
    const failing = (times: number) =>
      countsIn(
        check({
          story: (ordinal, healthy) => {
            if (ordinal !== 50) return healthy;
            const handlings = Array.from({ length: times }, (_, i) => ({
              consumer: '0.0',
              startMs: 52 + i,
              endMs: 52.5 + i,
              failed: true,
            }));
            return { ...healthy, handlings };
          },
          ...found({ ordinal: 50, place: 'dead-letters' }),
        }),
      );
    expect(failing(2)).toMatchObject({ collateral: 1, 'dead-lettered': 1 });
    expect(failing(3).collateral).toBeUndefined();
  });

  it('holds poison to the fate that its kind states', () => {
    const run = check({
      plan: constantPlan({ poison: { 10: 1, 11: 2, 12: 1, 13: 2 } }),
      story: (ordinal, healthy) => {
        if (ordinal === 10 || ordinal === 11 || ordinal === 12) {
          return {
            ...healthy,
            handlings: [{ consumer: '0.0', startMs: 15 + ordinal, endMs: 15.5 + ordinal, failed: true }],
          };
        }
        return healthy;
      },
      ...found(
        { ordinal: 10, place: 'dead-letters' },
        { ordinal: 11, place: 'quarantine' },
        { ordinal: 12, place: 'retry' },
      ),
    });
    expect(countsIn(run)).toMatchObject({ misjudged: 2, stranded: 1, 'dead-lettered': 1, quarantined: 1 });
    expect(countsIn(run).collateral).toBeUndefined();
  });

  it('counts changes of the worker that handles a partition, the fresh consumer excepted', () => {
    const spec: Partial<HistorySpec> = {
      plan: constantPlan({ keys: 1 }),
      story: (ordinal, healthy) => {
        const consumer = ordinal < 50 ? '0.0' : ordinal < 99 ? '1.0' : '2.0';
        return { ...healthy, handlings: [{ consumer, startMs: ordinal + 0.1, endMs: ordinal + 0.2, partition: 3 }] };
      },
    };
    expect(countsIn(check(spec)).moves).toBe(2);
    const history = buildHistory({ dir: folder(), plan: constantPlan(), ...spec });
    const files = history.files.map((file) => (file.worker === 2 ? { ...file, fresh: true } : file));
    expect(countsIn(checkRun({ ...history, files })).moves).toBe(1);
  });

  it('counts changes of the member as well, and tells who began a message first', () => {
    const run = check({
      plan: constantPlan({ keys: 1 }),
      story: (ordinal, healthy) => {
        const member = ordinal < 40 ? 0 : 7;
        const first = { consumer: '1.0', member, startMs: ordinal + 0.1, endMs: ordinal + 0.2, partition: 3 };
        const again = { ...first, member: 7, startMs: ordinal + 0.3, endMs: ordinal + 0.4 };
        return { ...healthy, handlings: ordinal === 39 ? [{ ...first, failed: true }, again] : [first] };
      },
    });
    expect(countsIn(run).moves).toBe(1);
    expect([0, 39, 40, 99].map((ordinal) => run.firstMember[ordinal])).toEqual([
      ...[memberNumber(1, 0), memberNumber(1, 0)],
      ...[memberNumber(1, 7), memberNumber(1, 7)],
    ]);
  });

  it('notices a killed consumer that went on', () => {
    const killed = (ms: number) => check({ killed: { 'consumer-0.0': ms } }).faultsWithoutEffect;
    expect(killed(99)).toEqual([]);
    expect(killed(-50)).toEqual(['the kill of consumer-1 did not take hold: its ledger goes on for 151 ms']);
  });
});

function both(...kinds: ('accepted' | 'rejected' | 'indeterminate')[]) {
  return kinds.map((kind, i) => ({ kind, ms: 5 + i }));
}
