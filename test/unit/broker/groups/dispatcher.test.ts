import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { type ConcurrencyLimit, concurrencyLimitOf } from '../../../../broker/groups/concurrency/concurrency-limit.js';
import type { Delivery, Handler } from '../../../../broker/groups/delivery.js';
import { Dispatcher } from '../../../../broker/groups/dispatcher.js';
import { HandlerMeter } from '../../../../broker/groups/health/handler-meter.js';
import { ManualClock } from '../../../fixtures/manual-clock.js';
import { heldTenure, logDelivery } from '../../../fixtures/tenure-bed.js';

/** Nothing is held back. */
const OPEN = {
  atMost: (limit: number) => limit,
  admits: () => true,
  begin() {},
  handled() {},
  failed() {},
  dropEnded() {},
};

function dispatcherOf(
  handler: Handler,
  concurrency = 2,
  limit: ConcurrencyLimit = concurrencyLimitOf(concurrency, 0),
  gate = OPEN,
) {
  const clock = new ManualClock();
  const meter = new HandlerMeter(0);
  const started: string[] = [];
  const handled: string[] = [];
  const failed: [string, unknown][] = [];
  const leftovers: string[] = [];
  const dispatcher = new Dispatcher({
    clock,
    handler: (message) => {
      started.push(message.id);
      return handler(message);
    },
    limit,
    meter,
    gate,
    onHandled: ({ id }) => {
      handled.push(id);
      if (id === 'broken') throw new Error('broken');
    },
    onFailed: ({ id }, error) => failed.push([id, error]),
    onLeftoverReturned: ({ id }) => leftovers.push(id),
  });
  return { clock, meter, dispatcher, started, handled, failed, leftovers };
}

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('a dispatcher', () => {
  it('starts as many handlers as may run, in order', async () => {
    const finish: (() => void)[] = [];
    const { dispatcher, started, handled } = dispatcherOf(() => new Promise((resolve) => finish.push(resolve)));
    const { tenure } = heldTenure();
    for (let i = 1; i <= 3; i++) dispatcher.enqueue(logDelivery(tenure, i));
    dispatcher.pump();
    expect([started, dispatcher.running]).toEqual([['m1', 'm2'], 2]);
    finish[0]!();
    await turn();
    expect([handled, started]).toEqual([['m1'], ['m1', 'm2', 'm3']]);
    expect(dispatcher.runningOf(0).map(({ id }) => id)).toEqual(['m2', 'm3']);
    expect(dispatcher.runningOf(1)).toEqual([]);
    const stopped = dispatcher.stop();
    for (const done of finish) done();
    await stopped;
    expect([dispatcher.running, dispatcher.runningOf(0)]).toEqual([0, []]);
  });

  it('starts what is on trial where the gate lets nothing start, and only where there is a place', () => {
    const shut = { ...OPEN, atMost: () => 0 };
    const { dispatcher, started } = dispatcherOf(() => new Promise(() => {}), 1, undefined, shut);
    const { tenure } = heldTenure();
    const suspects = [logDelivery(tenure, 1), logDelivery(tenure, 2)];
    dispatcher.enqueue(logDelivery(tenure, 3));
    dispatcher.pump();
    expect(started).toEqual([]);
    for (const suspect of suspects) {
      suspect.isOnTrial = true;
      dispatcher.enqueueFirst(suspect);
      dispatcher.pump();
    }
    expect(started).toEqual(['m1']);
  });

  it('measures how long handlers take, whether they return at once, later, or fail', async () => {
    const finish: (() => void)[] = [];
    const bed = dispatcherOf(({ id }) => {
      bed.clock.stall(30);
      if (id === 'm1') throw new Error('fails');
      return id === 'm2' ? undefined : new Promise((resolve) => finish.push(resolve));
    });
    const { tenure } = heldTenure();
    for (let i = 1; i <= 3; i++) bed.dispatcher.enqueue(logDelivery(tenure, i));
    bed.dispatcher.pump();
    expect(bed.dispatcher.pending.map(({ id, startedAtMs }) => [id, startedAtMs])).toEqual([['m3', 60]]);
    bed.clock.stall(210);
    finish[0]!();
    await turn();
    expect(bed.meter.read(0)).toMatchObject({ serviceMs: 100, failureRatio: 1 / 3, handlings: 3 });
    expect(bed.dispatcher.pending).toEqual([]);
  });

  it('starts as many as the limit is at the moment, and tells it of each that returns', async () => {
    const finish: (() => void)[] = [];
    const told: unknown[][] = [];
    let most = 2;
    const returned = (...all: unknown[]) => told.push(all);
    const limit = { overdueMs: 1_000, lasting: 2, now: (_: number, overdue: number) => most + overdue, returned };
    const bed = dispatcherOf(() => new Promise((resolve) => finish.push(resolve)), 0, limit);
    const { tenure } = heldTenure();
    for (let i = 1; i <= 6; i++) bed.dispatcher.enqueue(logDelivery(tenure, i));
    bed.dispatcher.pump();
    expect(bed.dispatcher.running).toBe(2);
    bed.clock.stall(40);
    most = 3;
    finish[0]!();
    await turn();
    expect(bed.dispatcher.running).toBe(3);
    most = 1;
    finish[1]!();
    await turn();
    expect(bed.dispatcher.running).toBe(2);
    expect(told).toEqual([
      [40, 2, false, 40],
      [40, 3, false, 40],
    ]);
  });

  it('starts others beside those that are overdue, and counts these again when they have returned', async () => {
    const finish: (() => void)[] = [];
    const told: unknown[][] = [];
    const returned = (...all: unknown[]) => told.push(all);
    const limit = { overdueMs: 1_000, lasting: 2, now: (_: number, overdue: number) => 2 + overdue, returned };
    const bed = dispatcherOf(() => new Promise((resolve) => finish.push(resolve)), 0, limit);
    const { tenure } = heldTenure();
    for (let i = 1; i <= 6; i++) bed.dispatcher.enqueue(logDelivery(tenure, i));
    bed.dispatcher.pump();
    bed.clock.stall(1_000);
    bed.dispatcher.pump();
    expect(bed.dispatcher.running).toBe(2);
    bed.clock.stall(101);
    bed.dispatcher.pump();
    expect(bed.dispatcher.running).toBe(4);
    finish[0]!();
    await turn();
    finish[2]!();
    await turn();
    expect(told).toEqual([
      [1_101, 3, false, 1_101],
      [0, 2, false, 1_101],
    ]);
    expect(bed.started).toEqual(['m1', 'm2', 'm3', 'm4', 'm5']);
  });

  it('takes whatever a handler returns or throws, once, and goes on', async () => {
    const thenable = (then: unknown) => ({ then }) as unknown as Promise<void>;
    const foreign = Object.assign(
      Promise.resolve(),
      thenable((done: () => void) => [done(), done()]),
    );
    const outcomes: (() => unknown)[] = [
      () => 7,
      () => null,
      () => thenable('no function'),
      () => thenable((done: () => void) => [done(), done()]),
      () => thenable((_: unknown, fail: (error: unknown) => void) => fail(undefined)),
      () =>
        thenable(() => {
          throw 'at once';
        }),
      () =>
        Object.defineProperty({}, 'then', {
          get: () => {
            throw 'looked at';
          },
        }),
      () => foreign,
      () => Promise.reject(undefined),
      () => {
        throw undefined;
      },
    ];
    const bed = dispatcherOf(({ id }) => outcomes[Number(id.slice(1)) - 1]!() as Promise<void>, 1);
    const { tenure } = heldTenure();
    for (let i = 1; i <= outcomes.length; i++) bed.dispatcher.enqueue(logDelivery(tenure, i));
    bed.dispatcher.pump();
    for (let i = 0; i < outcomes.length; i++) await turn();
    expect(bed.handled).toEqual(['m1', 'm2', 'm3', 'm4', 'm8']);
    expect(bed.failed).toEqual([
      ['m5', undefined],
      ['m6', 'at once'],
      ['m7', 'looked at'],
      ['m9', undefined],
      ['m10', undefined],
    ]);
    expect([bed.dispatcher.running, bed.dispatcher.pending]).toEqual([0, []]);
  });

  it('lets go of what ended tenures left behind handlers that hang, and of nothing else', async () => {
    const finish: (() => void)[] = [];
    const { dispatcher, started } = dispatcherOf(() => new Promise((resolve) => finish.push(resolve)), 1);
    const former = heldTenure().tenure;
    const present = heldTenure().tenure;
    const enqueueOf = (sequence: number) => {
      const delivery = logDelivery(former, sequence);
      dispatcher.enqueue(delivery);
      return new WeakRef(delivery);
    };
    enqueueOf(1);
    dispatcher.pump();
    const queued = [enqueueOf(2), enqueueOf(3)];
    dispatcher.enqueue(logDelivery(present, 4));
    former.end();
    dispatcher.dropEnded();
    // A WeakRef holds on until its turn is over.
    for (let i = 0; i < 100 && queued.some((one) => one.deref() !== undefined); i++) {
      await turn();
      collectGarbage();
    }
    expect(queued.map((one) => one.deref())).toEqual([undefined, undefined]);
    finish[0]!();
    await turn();
    expect(started).toEqual(['m1', 'm4']);
  });

  it('goes on after an error in what is told of an outcome', () => {
    const { dispatcher, handled } = dispatcherOf(() => {}, 1);
    const { tenure } = heldTenure();
    dispatcher.enqueue(logDelivery(tenure, 1, 'broken'));
    dispatcher.enqueue(logDelivery(tenure, 2));
    expect(() => dispatcher.pump()).toThrow('broken');
    dispatcher.pump();
    expect(handled).toEqual(['broken', 'm2']);
  });

  it('handles one alone when no other runs, and starts others when it has returned', async () => {
    const finish = new Map<string, () => void>();
    const bed = dispatcherOf(({ id }) => new Promise((resolve) => void finish.set(id, resolve)), 4);
    const { dispatcher, started } = bed;
    const { tenure } = heldTenure();
    const [running, waiting, alone] = [1, 2, 3].map((sequence) => logDelivery(tenure, sequence)) as [
      Delivery,
      Delivery,
      Delivery,
    ];
    dispatcher.enqueue(running);
    dispatcher.pump();
    const quiet = dispatcher.quiesce(alone, 10_000);
    dispatcher.enqueue(waiting);
    dispatcher.pump();
    expect(started).toEqual(['m1']);
    finish.get('m1')!();
    await quiet;
    expect(started).toEqual(['m1']);
    dispatcher.startAlone(alone);
    expect(started).toEqual(['m1', 'm3']);
    finish.get('m3')!();
    await turn();
    expect(started).toEqual(['m1', 'm3']);
    dispatcher.releaseAlone(alone);
    expect(started).toEqual(['m1', 'm3', 'm2']);
    finish.get('m2')!();
    await dispatcher.stop();
  });

  it('does not wait for ever for one that hangs, nor for one whose tenure is over', async () => {
    const { dispatcher, started, clock } = dispatcherOf(() => new Promise(() => {}), 4);
    const [first, second] = [heldTenure().tenure, heldTenure().tenure];
    dispatcher.enqueue(logDelivery(first, 1));
    dispatcher.pump();
    const alone = logDelivery(second, 2);
    let isQuiet = false;
    const quiet = dispatcher.quiesce(alone, 1_000).then(() => {
      isQuiet = true;
    });
    clock.advance(999);
    await turn();
    expect(isQuiet).toBe(false);
    clock.advance(1);
    await quiet;
    dispatcher.startAlone(alone);
    expect(started).toEqual(['m1', 'm2']);
    dispatcher.enqueue(logDelivery(first, 3));
    dispatcher.pump();
    expect(started).toEqual(['m1', 'm2']);
    second.end();
    dispatcher.pump();
    expect(started).toEqual(['m1', 'm2', 'm3']);
  });

  it('goes on as before where one is released, and puts first what was not started', () => {
    const { dispatcher, started } = dispatcherOf(() => new Promise(() => {}), 2);
    const { tenure } = heldTenure();
    dispatcher.enqueue(logDelivery(tenure, 1));
    dispatcher.pump();
    const alone = logDelivery(tenure, 2);
    void dispatcher.quiesce(alone, 1_000);
    dispatcher.enqueue(logDelivery(tenure, 3));
    dispatcher.releaseAlone(alone);
    expect(started).toEqual(['m1', 'm2']);
  });

  it('notes the last entry that was begun, which renewals name', () => {
    const { dispatcher } = dispatcherOf(() => {}, 2);
    const { tenure } = heldTenure();
    const [first, second, third] = [1, 2, 3].map((sequence) => logDelivery(tenure, sequence)) as Delivery[];
    expect(tenure.name()).toEqual({ hi: '', isCleared: true });
    for (const delivery of [second!, first!]) dispatcher.enqueue(delivery);
    dispatcher.pump();
    expect(tenure.name().hi).toBe('2-0');
    dispatcher.enqueue(third!);
    dispatcher.pump();
    expect([tenure.namedHi, tenure.name().hi]).toEqual(['2-0', '3-0']);
  });

  it('looks at the deadline of the lease right before each message', () => {
    const { tenure, lease } = heldTenure();
    const { clock, dispatcher, started } = dispatcherOf(({ id }) => {
      // The whole process stands still inside a handler: SIGSTOP, a long collection, a busy loop.
      if (id === 'm1') clock.stall(1_400);
    });
    for (let i = 1; i <= 3; i++) dispatcher.enqueue(logDelivery(tenure, i));
    dispatcher.pump();
    expect(started).toEqual(['m1']);
    dispatcher.pump();
    expect(started).toEqual(['m1']);
    lease.onConfirmed('1', 1_400);
    dispatcher.resume(tenure);
    expect(started).toEqual(['m1', 'm2', 'm3']);
  });

  it('starts nothing that could not be settled, and holds up no other partition for it', () => {
    const { dispatcher, started } = dispatcherOf(() => {});
    const [stuck, healthy] = [heldTenure(), heldTenure()];
    stuck.link.isOpen = false;
    dispatcher.enqueue(logDelivery(stuck.tenure, 1, 'stuck'));
    dispatcher.enqueue(logDelivery(healthy.tenure, 1, 'healthy'));
    dispatcher.pump();
    expect(started).toEqual(['healthy']);
    stuck.link.isOpen = true;
    dispatcher.resume(stuck.tenure);
    expect(started).toEqual(['healthy', 'stuck']);
  });

  it('drops what a tenure left, and tells when its last handlers return', async () => {
    let finish = () => {};
    const { dispatcher, started, leftovers } = dispatcherOf(
      () =>
        new Promise((resolve) => {
          finish = resolve;
        }),
      1,
    );
    const { tenure } = heldTenure();
    dispatcher.enqueue(logDelivery(tenure, 1));
    dispatcher.enqueue(logDelivery(tenure, 2));
    dispatcher.pump();
    tenure.end();
    finish();
    await turn();
    expect([started, leftovers]).toEqual([['m1'], ['m1']]);
  });
});

describe('a paused dispatcher', () => {
  it('starts nothing, also not what a handler in its midst has paused, until it may again', () => {
    const { dispatcher, handled } = dispatcherOf((message) => {
      if (message.id === 'm2') dispatcher.pause();
    });
    const { tenure } = heldTenure();
    for (let i = 1; i <= 4; i++) dispatcher.enqueue(logDelivery(tenure, i));
    dispatcher.pump();
    dispatcher.pump();
    expect(handled).toEqual(['m1', 'm2']);
    dispatcher.unpause();
    expect(handled).toEqual(['m1', 'm2', 'm3', 'm4']);
  });
});

describe('a tenure that is to be given back', () => {
  it('is idle when the last of its handlers has returned', async () => {
    const finish = new Map<string, () => void>();
    const { dispatcher, started } = dispatcherOf(({ id }) => new Promise((resolve) => finish.set(id, resolve)), 4);
    const [leaving, staying] = [heldTenure().tenure, heldTenure().tenure];
    for (const sequence of [1, 2]) dispatcher.enqueue(logDelivery(leaving, sequence));
    dispatcher.enqueue(logDelivery(staying, 3));
    dispatcher.pump();
    leaving.isLeaving = true;
    dispatcher.enqueue(logDelivery(leaving, 4));
    let isIdle = false;
    const idle = dispatcher.idle(leaving).then(() => {
      isIdle = true;
    });
    finish.get('m1')!();
    await turn();
    expect([isIdle, started]).toEqual([false, ['m1', 'm2', 'm3']]);
    finish.get('m2')!();
    await idle;
    await dispatcher.idle(leaving);
  });
});
