import { describe, expect, it } from 'vitest';
import type { BrokerEvent } from '../../../../../broker/broker-event.js';
import type { Delivery } from '../../../../../broker/groups/delivery.js';
import { HandlingGate, type HandlingGateOptions } from '../../../../../broker/recovery/retries/handling-gate.js';
import { ManualClock } from '../../../../fixtures/manual-clock.js';
import { heldTenure, logDelivery } from '../../../../fixtures/tenure-bed.js';

const BREAKER = { failureRatio: 0.5, minimumHandlings: 4, windowMs: 10_000, openMs: 1_000, maxOpenMs: 8_000 };
const DOWN = new Error('down');

/** A gate, and what would call handlers. */
class Bed {
  readonly clock = new ManualClock();
  readonly events: BrokerEvent[] = [];
  readonly ready: Delivery[] = [];
  readonly tenure = heldTenure().tenure;
  readonly gate: HandlingGate;
  wakes = 0;
  #count = 0;

  constructor(options: Partial<HandlingGateOptions> = {}) {
    this.gate = new HandlingGate({
      topic: 't',
      group: 'g',
      clock: this.clock,
      random: () => 0,
      breaker: BREAKER,
      budget: undefined,
      dependencyOf: undefined,
      onEvent: (event) => this.events.push(event),
      onReady: (delivery) => this.ready.push(delivery),
      onWake: () => this.wakes++,
      ...options,
    });
  }

  message(id = `m${this.#count}`, key?: string): Delivery {
    return logDelivery(this.tenure, ++this.#count, id, key);
  }

  retry(): Delivery {
    const delivery = this.message();
    delivery.isRetry = true;
    return delivery;
  }

  admits(delivery: Delivery): boolean {
    if (!this.gate.admits(delivery, this.clock.nowMs())) return false;
    this.gate.begin(delivery);
    return true;
  }

  handle(count: number): void {
    for (let i = 0; i < count; i++) {
      const delivery = this.message();
      expect(this.admits(delivery)).toBe(true);
      this.gate.handled(delivery);
    }
  }

  /** Handles messages that fail until the breaker is open. */
  fail(count = 4, error: unknown = DOWN, id?: string): void {
    for (let i = 0; i < count; i++) {
      const delivery = this.message(id);
      expect(this.admits(delivery)).toBe(true);
      this.gate.failed(delivery, error);
    }
  }

  states(): string[] {
    return this.events.flatMap((event) => (event.kind === 'breaker' ? [event.state] : []));
  }
}

describe('the breaker of a handler', () => {
  it('lets nothing start while it is open, then one that probes, then more and more', () => {
    const bed = new Bed();
    expect(bed.gate.atMost(16, 0)).toBe(16);
    bed.fail();
    expect(bed.gate.atMost(16, 0)).toBe(0);
    expect(bed.events.at(-1)).toMatchObject({
      state: 'open',
      dependency: undefined,
      openMs: 1_000,
      reason: 'Error: down',
    });
    bed.clock.advance(1_000);
    expect([bed.gate.atMost(16, 0), bed.gate.atMost(16, 3)]).toEqual([1, 4]);
    const probe = bed.message();
    bed.admits(probe);
    expect(bed.gate.atMost(16, 1)).toBe(0);
    bed.gate.handled(probe);
    expect(bed.states()).toEqual(['open', 'half-open', 'closed']);
    expect(bed.gate.atMost(16, 0)).toBe(1);
    const next = bed.message();
    bed.admits(next);
    bed.gate.handled(next);
    expect(bed.gate.atMost(16, 0)).toBe(2);
    bed.clock.advance(10_000);
    expect(bed.gate.atMost(1_000, 0)).toBe(1_000);
  });

  it('opens again for longer with a probe that fails, and after one that does not return', () => {
    const bed = new Bed();
    bed.fail();
    bed.clock.advance(1_000);
    bed.fail(1);
    expect(bed.gate.atMost(16, 0)).toBe(0);
    bed.clock.advance(2_000);
    bed.admits(bed.message());
    bed.clock.advance(8_000);
    expect(bed.states()).toEqual(['open', 'half-open', 'open', 'half-open', 'open']);
    expect(bed.events.at(-1)).toMatchObject({ openMs: 4_000, reason: 'the probe has not returned' });
  });

  it('does not open for messages that are to blame themselves, and asks another one where such a message probed', () => {
    const bed = new Bed();
    const poison = Object.assign(new Error('bad'), { permanent: true });
    bed.fail(50, poison);
    expect(bed.states()).toEqual([]);
    bed.fail();
    bed.clock.advance(1_000);
    bed.fail(1, poison);
    expect(bed.gate.atMost(16, 0)).toBe(1);
  });

  it('stays closed while few of many fail', () => {
    const bed = new Bed();
    for (let i = 0; i < 1_000; i++) {
      const delivery = bed.message();
      bed.admits(delivery);
      if (i % 10 === 0) bed.gate.failed(delivery, DOWN);
      else bed.gate.handled(delivery);
    }
    expect([bed.states(), bed.gate.atMost(16, 0)]).toEqual([[], 16]);
  });

  it('opens soon after messages of many keys begin to fail, however many were handled before', () => {
    const bed = new Bed({ breaker: { ...BREAKER, minimumHandlings: 20 } });
    bed.handle(2_000);
    bed.clock.advance(1_000);
    bed.fail(20);
    expect(bed.states()).toEqual(['open']);
  });

  it('does not open for one key, nor for retries, where nothing else is there to be handled', () => {
    const bed = new Bed({ breaker: { ...BREAKER, minimumHandlings: 20 } });
    bed.handle(2_000);
    for (let i = 0; i < 50; i++) {
      for (const delivery of [bed.message(`of-a-key${i}`, 'k'), bed.retry()]) {
        expect(bed.admits(delivery)).toBe(true);
        bed.gate.failed(delivery, DOWN);
      }
    }
    expect(bed.states()).toEqual([]);
  });

  it('goes by what was handled lately: not by what was before a long rest', () => {
    const bed = new Bed();
    bed.handle(1_000);
    bed.clock.advance(60_000);
    for (let i = 0; i < 4; i++) {
      const delivery = bed.retry();
      bed.admits(delivery);
      bed.gate.failed(delivery, DOWN);
    }
    expect(bed.states()).toEqual(['open']);
  });

  it('waits for another probe without an end where the message of the last one was to blame', () => {
    const bed = new Bed();
    bed.fail();
    bed.clock.advance(1_000);
    bed.fail(1, Object.assign(new Error('bad'), { permanent: true }));
    bed.clock.advance(60_000);
    expect(bed.states()).toEqual(['open', 'half-open']);
  });

  it('learns nothing from a probe that returns when another one is under way', () => {
    const bed = new Bed();
    bed.fail();
    bed.clock.advance(1_000);
    const [hung, second] = [bed.message(), bed.message()];
    bed.admits(hung);
    bed.clock.advance(8_000 + 2_000);
    bed.admits(second);
    bed.gate.failed(hung, DOWN);
    expect(bed.states().at(-1)).toBe('half-open');
    bed.gate.handled(second);
    expect(bed.states().at(-1)).toBe('closed');
  });

  it('keeps no timer when it is stopped, whatever its last handlers do', () => {
    for (const end of ['handled', 'failed'] as const) {
      const bed = new Bed();
      bed.fail();
      bed.clock.advance(1_000);
      const probe = bed.message();
      bed.admits(probe);
      bed.gate.stop();
      bed.gate[end](probe, DOWN);
      const { wakes, events } = bed;
      const told = events.length;
      bed.clock.advance(60_000);
      expect([bed.wakes, events.length]).toEqual([wakes, told]);
    }
  });

  it('lets a message that is on trial through', () => {
    const bed = new Bed({ budget: { ratio: 0, minPerSecond: 1 } });
    bed.fail();
    for (let i = 0; i < 10; i++) bed.admits(bed.retry());
    const suspect = bed.retry();
    expect(bed.admits(suspect)).toBe(false);
    suspect.isOnTrial = true;
    expect(bed.admits(suspect)).toBe(true);
  });

  it('can be switched off', () => {
    const bed = new Bed({ breaker: undefined });
    bed.fail(100);
    expect([bed.gate.atMost(16, 0), bed.gate.breakers()]).toEqual([16, []]);
  });
});

describe('the breaker of a dependency', () => {
  const dependencyOf: HandlingGateOptions['dependencyOf'] = ({ id }) => (id.startsWith('pay') ? 'payments' : undefined);

  it('holds back what needs it, and nothing else', () => {
    const bed = new Bed({ dependencyOf });
    bed.fail(4, DOWN, 'pay');
    expect(bed.gate.atMost(16, 0)).toBe(16);
    const waiting = [bed.message('pay1'), bed.message('pay2'), bed.message('pay3')];
    expect(waiting.map((delivery) => bed.admits(delivery))).toEqual([false, false, false]);
    expect(bed.admits(bed.message('other'))).toBe(true);
    expect(bed.gate.breakers()).toMatchObject([
      { dependency: undefined, state: 'closed' },
      { dependency: 'payments', state: 'open', waiting: 3 },
    ]);
    bed.clock.advance(1_000);
    expect(bed.ready.map(({ id }) => id)).toEqual(['pay1']);
    expect(bed.admits(waiting[0]!)).toBe(true);
    bed.gate.handled(waiting[0]!);
    expect(bed.ready.map(({ id }) => id)).toEqual(['pay1', 'pay2']);
    expect(bed.admits(waiting[1]!)).toBe(true);
    bed.gate.handled(waiting[1]!);
    expect(bed.ready.map(({ id }) => id)).toEqual(['pay1', 'pay2', 'pay3']);
  });

  it('counts failures that name it, whichever message they are of', () => {
    const bed = new Bed({ dependencyOf });
    bed.fail(4, Object.assign(new Error('down'), { dependency: 'payments' }), 'other');
    expect(bed.admits(bed.message('pay'))).toBe(false);
    expect(bed.gate.atMost(16, 0)).toBe(16);
  });

  it('is the one of the handler where nobody says which messages need it, or that throws', () => {
    const named = Object.assign(new Error('down'), { dependency: 'payments' });
    const unsaid = new Bed();
    unsaid.fail(4, named);
    expect(unsaid.gate.atMost(16, 0)).toBe(0);
    const throwing = new Bed({
      dependencyOf: () => {
        throw new Error('no idea');
      },
    });
    throwing.fail();
    expect(throwing.gate.atMost(16, 0)).toBe(0);
  });

  it('goes on where all that run fail after it closed, and where they hang', () => {
    const bed = new Bed({ dependencyOf, breaker: { ...BREAKER, minimumHandlings: 100 } });
    bed.fail(100, DOWN, 'pay');
    const waiting = Array.from({ length: 8 }, (_, i) => bed.message(`pay${i}`));
    for (const delivery of waiting) bed.admits(delivery);
    bed.clock.advance(1_000);
    bed.admits(waiting[0]!);
    bed.gate.handled(waiting[0]!);
    bed.admits(waiting[1]!);
    bed.gate.failed(waiting[1]!, DOWN);
    expect(bed.ready.at(-1)!.id).toBe('pay2');
    bed.admits(waiting[2]!);
    bed.clock.advance(1_000);
    expect(bed.ready.at(-1)!.id).toBe('pay3');
  });

  it('asks another one to probe where the one that was to does not begin', () => {
    const bed = new Bed({ dependencyOf });
    bed.fail(4, DOWN, 'pay');
    const gone = logDelivery(heldTenure().tenure, 1, 'pay1');
    bed.admits(gone);
    bed.admits(bed.message('pay2'));
    bed.clock.advance(1_000);
    expect(bed.ready.map(({ id }) => id)).toEqual(['pay1']);
    // It stays in a queue that is thrown away.
    gone.tenure.end();
    bed.clock.advance(1_000);
    expect(bed.ready.map(({ id }) => id)).toEqual(['pay1', 'pay2']);
  });

  it('forgets what waits for it of tenures that are over', () => {
    const bed = new Bed({ dependencyOf });
    bed.fail(4, DOWN, 'pay');
    bed.admits(bed.message('pay1'));
    bed.tenure.end();
    bed.gate.dropEnded();
    expect(bed.gate.breakers()[1]).toMatchObject({ waiting: 0 });
  });
});

describe('the retry budget of a handler', () => {
  it('postpones what it does not cover, in its order, and loses nothing', () => {
    const bed = new Bed({ breaker: undefined, budget: { ratio: 0, minPerSecond: 1 } });
    const retries = Array.from({ length: 13 }, () => bed.retry());
    expect(retries.filter((delivery) => bed.admits(delivery))).toHaveLength(10);
    expect(bed.gate.budget).toMatchObject({ postponed: 3, waiting: 3 });
    bed.clock.advance(9_800);
    expect(bed.ready).toEqual([]);
    bed.clock.advance(300);
    expect(bed.ready).toEqual(retries.slice(10));
    expect(bed.ready.every((delivery) => bed.admits(delivery))).toBe(true);
    expect(bed.gate.handlings).toEqual({ fresh: 0, retries: 13 });
  });

  it('is asked when a retry starts: none is saved up while a breaker is open', () => {
    const dependencyOf = ({ id }: { readonly id: string }) => (id.startsWith('pay') ? 'payments' : undefined);
    const bed = new Bed({
      dependencyOf,
      budget: { ratio: 0, minPerSecond: 1 },
      breaker: { ...BREAKER, openMs: 8_000 },
    });
    bed.fail(4, DOWN, 'pay');
    const started: Delivery[] = [];
    const start = (delivery: Delivery) => {
      if (!bed.admits(delivery)) return;
      started.push(delivery);
      bed.gate.handled(delivery);
    };
    // Probes that fail keep it open while the retries come.
    for (let i = 0; i < 40; i++) {
      const retry = bed.message(`pay${i}`);
      retry.isRetry = true;
      bed.admits(retry);
    }
    bed.clock.advance(7_999);
    expect(bed.gate.budget).toMatchObject({ balance: 10 });
    // For 9 s in which ten may start.
    for (let tick = 0; tick < 90; tick++) {
      bed.clock.advance(100);
      for (const delivery of bed.ready.splice(0)) start(delivery);
    }
    expect(started).toHaveLength(10);
    for (let tick = 0; tick < 400; tick++) {
      bed.clock.advance(100);
      for (const delivery of bed.ready.splice(0)) start(delivery);
    }
    expect(new Set(started).size).toBe(40);
  });

  it('keeps no turn for what is over', () => {
    const bed = new Bed({ breaker: undefined, budget: { ratio: 0, minPerSecond: 1 } });
    const other = heldTenure().tenure;
    const gone = Array.from({ length: 10 }, (_, i) => {
      const delivery = logDelivery(other, i + 1);
      delivery.isRetry = true;
      return delivery;
    });
    for (let i = 0; i < 10; i++) expect(bed.admits(bed.retry())).toBe(true);
    for (const delivery of gone) expect(bed.admits(delivery)).toBe(false);
    const last = bed.retry();
    bed.admits(last);
    bed.clock.advance(10_100);
    expect(bed.ready).toEqual(gone);
    other.end();
    bed.clock.advance(1_000);
    expect(bed.ready.at(-1)).toBe(last);
    expect(bed.admits(last)).toBe(true);
  });

  it('has nothing to do with messages that are handled for the first time', () => {
    const bed = new Bed({ breaker: undefined, budget: { ratio: 0, minPerSecond: 1 } });
    for (let i = 0; i < 100; i++) expect(bed.admits(bed.message())).toBe(true);
    expect(bed.gate.handlings).toEqual({ fresh: 100, retries: 0 });
  });
});
