import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Clock } from '../../../../harness/clock.js';
import {
  ACCEPTED,
  type DriverProducer,
  type OnOutcome,
  type OutgoingMessage,
} from '../../../../harness/drivers/driver.js';
import { KIND, NO_ORDINAL, type RecordKind } from '../../../../harness/ledger/record.js';
import { Generator } from '../../../../harness/load/generator.js';
import { PayloadBuilder } from '../../../../harness/load/payload.js';
import { keyName, planLoad } from '../../../../harness/load/plan.js';
import { constant, loadScenario, NONCE, phase } from '../../../fixtures/load-scenario.js';

const START_NS = 5e9;
const PUBLISH_DEADLINE_MS = 1000;
const never = new AbortController().signal;

interface Batch {
  readonly messages: readonly OutgoingMessage[];
  readonly answer: OnOutcome;
  readonly atNs: number;
}

beforeEach(() => {
  vi.useFakeTimers({ now: 0 });
});
afterEach(() => {
  vi.useRealTimers();
});

function setUp(
  options: {
    ratePerSec?: number;
    nowNs?: number;
    capacity?: () => Promise<void> | undefined;
    ledgerWorks?: () => boolean;
  } = {},
) {
  let offsetNs = options.nowNs ?? START_NS;
  const clock: Clock = {
    nowNs: () => offsetNs + Date.now() * 1e6,
    wallMs: () => 0,
    sleep: () => Promise.reject(new Error('unused')),
  };
  const plan = planLoad(loadScenario({ phases: [phase(constant(options.ratePerSec ?? 1000), 1000)] }));
  const log: (string | number)[] = [];
  const records: { ordinal: number; kind: RecordKind; ns: number; a: number }[] = [];
  const batches: Batch[] = [];
  const producer: DriverProducer = {
    publish(messages, answer) {
      log.push('publish');
      batches.push({ messages, answer, atNs: clock.nowNs() });
    },
    ...(options.capacity === undefined ? {} : { capacity: options.capacity }),
    async [Symbol.asyncDispose]() {},
  };
  const generator = new Generator({
    plan,
    nonce: NONCE,
    ordinals: Uint32Array.from({ length: plan.count }, (_, i) => i),
    startNs: START_NS,
    publishDeadlineMs: PUBLISH_DEADLINE_MS,
    producer,
    payloads: new PayloadBuilder(NONCE, 64),
    ledger: {
      append: (ordinal, kind, ns, _flags = 0, a = 0) => {
        records.push({ ordinal, kind, ns, a });
        log.push(kind);
      },
      flush: () => {
        log.push('flush');
        return options.ledgerWorks?.() ?? true;
      },
    },
    clock,
    onError: (error) => {
      throw error;
    },
  });
  return {
    plan,
    log,
    records,
    batches,
    generator,
    of: (kind: RecordKind) => records.filter((record) => record.kind === kind),
    jumpMs: (ms: number) => {
      offsetNs += ms * 1e6;
    },
    answerAll: () => {
      for (const { messages, answer } of batches.splice(0)) {
        for (let i = 0; i < messages.length; i++) answer(i, ACCEPTED);
      }
    },
  };
}

describe('Generator', () => {
  it('sends every message once, in order, never before it is due and at most a tick after it', async () => {
    const { plan, generator, batches, of, answerAll } = setUp();
    const done = generator.run(never);
    await vi.advanceTimersByTimeAsync(1100);
    const sent = of(KIND.SENT);
    expect(sent.map(({ ordinal }) => ordinal)).toEqual(Array.from({ length: plan.count }, (_, i) => i));
    for (const { ordinal, ns } of sent) {
      const lagNs = ns - START_NS - plan.intendedNs[ordinal]!;
      expect(lagNs).toBeGreaterThanOrEqual(0);
      expect(lagNs).toBeLessThanOrEqual(1e6);
    }
    const [message] = batches[5]!.messages;
    expect(message).toMatchObject({ id: `${NONCE}-5`, key: keyName(plan.key[5]!), priority: 0 });
    answerAll();
    await done;
    expect(generator.stats()).toMatchObject({ planned: 1000, sent: 1000, accepted: 1000, outstanding: 0 });
  });

  it('waits for the start', async () => {
    const { generator, batches } = setUp({ nowNs: START_NS - 1e9 });
    void generator.run(never);
    await vi.advanceTimersByTimeAsync(999);
    expect(batches).toHaveLength(0);
    await vi.advanceTimersByTimeAsync(2);
    expect(batches.length).toBeGreaterThan(0);
  });

  it('has SENT on file before the hand-over', async () => {
    const { generator, log } = setUp();
    void generator.run(never);
    await vi.advanceTimersByTimeAsync(3);
    expect(log.slice(0, 3)).toEqual([KIND.SENT, 'flush', 'publish']);
  });

  it('hands nothing over that the ledger could not take', async () => {
    let works = true;
    const { generator, batches, log } = setUp({ ledgerWorks: () => works });
    void generator.run(never);
    await vi.advanceTimersByTimeAsync(10);
    works = false;
    const published = batches.length;
    await vi.advanceTimersByTimeAsync(10);
    expect(batches).toHaveLength(published);
    expect(log.at(-1)).toBe('flush');
  });

  it('catches up after a stall in small batches and skips nothing', async () => {
    const { plan, generator, batches, of, jumpMs } = setUp({ ratePerSec: 10_000 });
    void generator.run(never);
    jumpMs(500);
    await vi.advanceTimersByTimeAsync(600);
    expect(of(KIND.SENT)).toHaveLength(plan.count);
    expect(Math.max(...batches.map(({ messages }) => messages.length))).toBeLessThanOrEqual(512);
    expect(generator.lag().maxMs).toBeGreaterThan(490);
  });

  it('holds back while the driver would block, says so, and does not count the wait as its own lag', async () => {
    let unblock = () => {};
    let blocked: Promise<void> | undefined = new Promise((resolve) => {
      unblock = () => {
        blocked = undefined;
        resolve();
      };
    });
    const { plan, generator, of, batches } = setUp({ capacity: () => blocked });
    void generator.run(never);
    await vi.advanceTimersByTimeAsync(300);
    expect(batches).toHaveLength(0);
    expect(generator.stats().blocked).toBe(true);
    unblock();
    await vi.advanceTimersByTimeAsync(900);
    expect(of(KIND.SENT)).toHaveLength(plan.count);
    expect(of(KIND.BLOCKED)).toHaveLength(1);
    expect(of(KIND.UNBLOCKED)[0]?.ns).toBe(START_NS + 300e6);
    expect(generator.lag().maxMs).toBeLessThan(2);
  });

  it('leaves unsent what the driver still blocks the publish deadline after the end', async () => {
    const { generator, batches } = setUp({ capacity: () => new Promise(() => {}) });
    let over = false;
    void generator.run(never).then(() => {
      over = true;
    });
    await vi.advanceTimersByTimeAsync(1000 + PUBLISH_DEADLINE_MS - 1);
    expect(over).toBe(false);
    await vi.advanceTimersByTimeAsync(2);
    expect(over).toBe(true);
    expect(batches).toHaveLength(0);
  });

  it('waits for outcomes until the publish deadline + 5 s', async () => {
    const { generator } = setUp();
    let over = false;
    void generator.run(never).then(() => {
      over = true;
    });
    await vi.advanceTimersByTimeAsync(1000 + PUBLISH_DEADLINE_MS + 4990);
    expect(over).toBe(false);
    await vi.advanceTimersByTimeAsync(20);
    expect(over).toBe(true);
    expect(generator.stats().outstanding).toBe(1000);
  });

  it('stops handing over when aborted, and still takes the outcomes', async () => {
    const { generator, of, answerAll } = setUp();
    const stop = new AbortController();
    const done = generator.run(stop.signal);
    await vi.advanceTimersByTimeAsync(100);
    stop.abort();
    await vi.advanceTimersByTimeAsync(100);
    expect(of(KIND.SENT).length).toBeLessThanOrEqual(101);
    answerAll();
    await done;
  });

  it('records outcomes of all kinds, second ones too, and callbacks that name no message', async () => {
    const { generator, batches, of } = setUp();
    void generator.run(never);
    await vi.advanceTimersByTimeAsync(20);
    const { answer } = batches[3]!;
    const [a, b, c] = batches.slice(4, 7);
    answer(0, ACCEPTED);
    answer(0, { kind: 'rejected', reason: 'shed' });
    a!.answer(0, { kind: 'rejected', reason: 'too-large' });
    b!.answer(0, { kind: 'indeterminate' });
    c!.answer(1, ACCEPTED);
    c!.answer(-1, ACCEPTED);
    c!.answer(0.5, ACCEPTED);
    c!.answer(0, { kind: 'stored' } as never);
    c!.answer(0, undefined as never);
    expect(of(KIND.ACCEPTED)).toMatchObject([{ ordinal: 3 }]);
    expect(of(KIND.REJECTED)).toMatchObject([
      { ordinal: 3, a: 1 },
      { ordinal: 4, a: 4 },
    ]);
    expect(of(KIND.INDETERMINATE)).toMatchObject([{ ordinal: 5 }]);
    expect(of(KIND.CONTRACT)).toHaveLength(5);
    expect(of(KIND.CONTRACT).every(({ ordinal }) => ordinal === NO_ORDINAL)).toBe(true);
    expect(generator.stats()).toMatchObject({ accepted: 1, rejected: 1, indeterminate: 1 });
  });
});
