import { describe, expect, it } from 'vitest';
import type { Delivery } from '../../../../broker/groups/delivery.js';
import { HandledLog } from '../../../../broker/groups/handled-log.js';
import { OutcomeRecorder } from '../../../../broker/groups/outcome-recorder.js';
import type { Tenure } from '../../../../broker/groups/tenure.js';
import type { QuarantineEvidence } from '../../../../broker/recovery/quarantine-evidence.js';
import { resolveRetryOptions } from '../../../../broker/recovery/retries/retry-options.js';
import { Suspicion } from '../../../../broker/recovery/suspicion.js';
import { ManualClock } from '../../../fixtures/manual-clock.js';
import { heldTenure, logDelivery } from '../../../fixtures/tenure-bed.js';

function recorderOf(ordering: 'key' | 'none' = 'key', isPoison = () => false) {
  const clock = new ManualClock();
  const ready: Delivery[] = [];
  const recorder = new OutcomeRecorder({
    topic: 't',
    group: 'g',
    owner: 'me',
    retries: {
      decide: ({ failedAttempts }) => (failedAttempts < 2 ? 1 : undefined),
      recovered: () => {},
      givenUp: () => {},
    },
    retry: { policy: { ...resolveRetryOptions({}).policy, capMs: 1 }, maxWaitingPerKey: 3 },
    ordering,
    clock,
    onReady: (delivery) => ready.push(delivery),
    onRetryDue: (delivery) => ready.push(delivery),
    onChange: () => {},
    poisonReason: () => (isPoison() ? 'same-failure' : undefined),
  });
  return { clock, recorder, ready, readyIds: () => ready.map(({ id }) => id) };
}

describe('a message that waits for its next attempt', () => {
  const reasons = (tenure: ReturnType<typeof heldTenure>['tenure']) =>
    tenure.takeSettlement()?.transitions.map(({ kind, row }) => [kind, /"reason":"([^"]*)"/.exec(String(row))?.[1]]);

  it('is set aside as soon as more of its key wait behind it than may, and those go on', () => {
    const { clock, recorder, ready, readyIds } = recorderOf();
    const { tenure } = heldTenure();
    recorder.admit(logDelivery(tenure, 1, 'fails', 'k'));
    recorder.failed(ready[0]!, new Error('no'));
    for (let i = 2; i <= 4; i++) recorder.admit(logDelivery(tenure, i, `m${i}`, 'k'));
    recorder.admit(logDelivery(tenure, 5, 'other', 'another key'));
    expect(readyIds()).toEqual(['fails', 'other']);
    recorder.admit(logDelivery(tenure, 6, 'm6', 'k'));
    expect(readyIds()).toEqual(['fails', 'other', 'm2']);
    expect(reasons(tenure)?.at(-1)).toEqual(['quarantine', 'key-cap']);
    // Its time does not come any more.
    clock.advance(1_000);
    expect(readyIds()).toEqual(['fails', 'other', 'm2']);
    expect([tenure.parked.size, tenure.retryTimers.size]).toEqual([0, 0]);
  });

  it('is no suspect any more when it is set aside for that', () => {
    const { recorder } = recorderOf();
    const { tenure } = heldTenure();
    const delivery = logDelivery(tenure, 1, 'killed', 'k');
    tenure.suspicion = new Suspicion(undefined, new Map([['1-0:0', []]]));
    tenure.suspicion.takeRow(delivery, false);
    recorder.admitRetry(delivery, Number.POSITIVE_INFINITY);
    for (let i = 2; i <= 4; i++) recorder.admit(logDelivery(tenure, i, `m${i}`, 'k'));
    expect(tenure.suspicion.isOver('9-0')).toBe(false);
    recorder.admit(logDelivery(tenure, 5, 'm5', 'k'));
    expect(tenure.suspicion.isOver('9-0')).toBe(true);
  });

  it('is not where fewer wait, or its handler runs, or there is no order', () => {
    for (const ordering of ['key', 'none'] as const) {
      const { clock, recorder, ready } = recorderOf(ordering);
      const { tenure } = heldTenure();
      recorder.admit(logDelivery(tenure, 1, 'fails', 'k'));
      recorder.failed(ready[0]!, new Error('no'));
      for (let i = 2; i <= 4; i++) recorder.admit(logDelivery(tenure, i, `m${i}`, 'k'));
      clock.advance(1);
      expect(ready.at(-1)!.id).toBe('fails');
      for (let i = 5; i <= 9; i++) recorder.admit(logDelivery(tenure, i, `m${i}`, 'k'));
      expect(reasons(tenure)?.map(([kind]) => kind)).toEqual(['retry']);
    }
  });
});

describe('a retry that another owner has stored', () => {
  it.each([
    ['is due when that one said', 5_000, 5_000, 5_000],
    ['waits no longer than that one meant it to, by whatever clock', 3_600_000, 5_000, 5_000],
    ['is due at once where its time has passed', -10, 5_000, 0],
    ['waits for the longest pause where it does not say how long', 3_600_000, undefined, 1],
  ])('%s', (_, aheadMs, storedDelayMs, expectedMs) => {
    const { clock, recorder, ready } = recorderOf();
    const delivery = logDelivery(heldTenure().tenure, 1);
    delivery.storedDelayMs = storedDelayMs;
    recorder.admitRetry(delivery, clock.wallMs() + aheadMs);
    clock.advance(Math.max(0, expectedMs - 1));
    expect(ready).toHaveLength(expectedMs === 0 ? 1 : 0);
    clock.advance(1);
    expect(ready).toHaveLength(1);
  });
});

describe('a message that this process has handled before', () => {
  it('is settled and not handled again, however many histories pass before that is recorded', () => {
    const log = new HandledLog();
    const { recorder, ready } = recorderOf();
    const first = heldTenure(log);
    recorder.admit(logDelivery(first.tenure, 1));
    recorder.handled(ready[0]!);
    for (let histories = 0; histories < 4; histories++) {
      // The settlement was lost each time: the log brings the message again.
      const { tenure } = heldTenure(log);
      recorder.admit(logDelivery(tenure, 1));
      expect(ready).toHaveLength(1);
      expect(tenure.takeSettlement()?.change.low).toBe('1-0');
    }
  });

  it.each(['retried', 'dead-lettered'])('is handled again where it was %s', (fate) => {
    const log = new HandledLog();
    const { recorder, ready } = recorderOf();
    const { tenure } = heldTenure(log);
    recorder.admit(logDelivery(tenure, 1));
    recorder.failed(ready[0]!, new Error('no'));
    if (fate === 'dead-lettered') recorder.failed(ready[0]!, new Error('no'));
    else recorder.handled(ready[0]!);
    recorder.admit(logDelivery(heldTenure(log).tenure, 1));
    expect(ready).toHaveLength(2);
  });

  it('is known, too, where its handler returned after the tenure was over', () => {
    const log = new HandledLog();
    const { recorder, ready } = recorderOf();
    const { tenure } = heldTenure(log);
    recorder.admit(logDelivery(tenure, 1));
    tenure.end();
    recorder.handled(ready[0]!);
    expect(tenure.takeSettlement()).toBeUndefined();
    recorder.admit(logDelivery(heldTenure(log).tenure, 1));
    expect(ready).toHaveLength(1);
  });
});

describe('a message that is set aside', () => {
  const told = (tenure: Tenure) => {
    return tenure.takeSettlement()!.transitions.map(({ kind, row, event }) => {
      const { reason, attempts, kills, runningMs } = JSON.parse(String(row)) as QuarantineEvidence;
      return [kind, event?.kind, reason, attempts, kills?.length ?? runningMs];
    });
  };

  it('leaves with the evidence, and lets the next one of its key through', () => {
    const { recorder, ready, readyIds } = recorderOf();
    const { tenure } = heldTenure();
    for (const sequence of [1, 2]) recorder.admit(logDelivery(tenure, sequence, `m${sequence}`, 'k'));
    recorder.setAside(ready[0]!, 'killer', { kills: [{ consumer: 'dead', atMs: 1 }] });
    expect(readyIds()).toEqual(['m1', 'm2']);
    expect(tenure.position.low).toBe('1-0');
    expect(told(tenure)).toEqual([['quarantine', 'quarantined', 'killer', 0, 1]]);
  });

  it('holds its key until its handler returns, and what that did then is recorded nowhere', () => {
    for (const end of ['handled', 'failed'] as const) {
      const { recorder, ready, readyIds } = recorderOf();
      const { tenure } = heldTenure();
      for (const sequence of [1, 2]) recorder.admit(logDelivery(tenure, sequence, `m${sequence}`, 'k'));
      recorder.setAsideRunning(ready[0]!, 70);
      expect(told(tenure)).toEqual([['quarantine', 'quarantined', 'hanging', 0, 70]]);
      tenure.unconfirmed = undefined;
      expect(readyIds()).toEqual(['m1']);
      if (end === 'handled') recorder.handled(ready[0]!);
      else recorder.failed(ready[0]!, new Error('late'));
      expect(readyIds()).toEqual(['m1', 'm2']);
      expect(tenure.takeSettlement()).toBeUndefined();
      recorder.handled(ready[1]!);
      expect(tenure.position.low).toBe('2-0');
    }
  });

  it('is one that fails like poison, with attempts left', () => {
    const { recorder, ready } = recorderOf('key', () => true);
    const { tenure } = heldTenure();
    recorder.admit(logDelivery(tenure, 1));
    recorder.failed(ready[0]!, new Error('no'));
    expect(told(tenure)).toEqual([['quarantine', 'quarantined', 'same-failure', 1, undefined]]);
  });
});

describe('a handler of a former tenure that still runs', () => {
  function takenOver(ordering: 'key' | 'none', key: string | undefined) {
    const log = new HandledLog();
    const bed = recorderOf(ordering);
    const former = heldTenure(log).tenure;
    bed.recorder.admit(logDelivery(former, 1, 'running', key));
    const running = bed.ready.pop()!;
    former.end();
    const { tenure } = heldTenure(log);
    bed.recorder.blockFor(tenure, [running]);
    bed.recorder.admit(logDelivery(tenure, 1, 'running', key));
    bed.recorder.admit(logDelivery(tenure, 2, 'next', key));
    bed.recorder.admit(logDelivery(tenure, 3, 'other', 'another key'));
    return { ...bed, running, tenure };
  }

  it('holds its key, and no other one; what it handled is only settled', () => {
    const { recorder, running, tenure, readyIds } = takenOver('key', 'k');
    expect(readyIds()).toEqual(['other']);
    recorder.handled(running);
    recorder.leftoverReturned(tenure, running);
    expect(readyIds()).toEqual(['other', 'next']);
    expect(tenure.takeSettlement()?.change.low).toBe('1-0');
    expect(tenure.leftovers).toEqual([]);
  });

  it('leaves its message to be handled again when it fails', () => {
    const { recorder, running, tenure, readyIds } = takenOver('key', 'k');
    recorder.failed(running, new Error('no'));
    recorder.leftoverReturned(tenure, running);
    expect(readyIds()).toEqual(['other', 'running']);
  });

  it.each([
    ['key', undefined],
    ['none', 'k'],
  ] as const)('holds only its own message without an order (ordering %s, key %s)', (ordering, key) => {
    const { recorder, running, tenure, ready, readyIds } = takenOver(ordering, key);
    expect(readyIds()).toEqual(['next', 'other']);
    recorder.handled(running);
    recorder.leftoverReturned(tenure, running);
    expect(readyIds()).toEqual(['next', 'other']);
    expect(tenure.takeSettlement()?.change.low).toBe('1-0');
    expect(tenure.bufferedBytes).toBe(ready.reduce((bytes, { decoded }) => bytes + decoded.raw.length, 0));
  });
});
