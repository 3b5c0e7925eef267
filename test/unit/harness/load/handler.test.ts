import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../../harness/clock.js';
import type { IncomingMessage } from '../../../../harness/drivers/driver.js';
import {
  END_FAILED,
  KIND,
  NO_ORDINAL,
  type RecordKind,
  UNEXPECTED_REASONS,
} from '../../../../harness/ledger/record.js';
import { Handler } from '../../../../harness/load/handler.js';
import type { HandlerChange } from '../../../../harness/load/handler-change.js';
import { messageId, PayloadBuilder } from '../../../../harness/load/payload.js';
import { handlerFails, keyName, planLoad } from '../../../../harness/load/plan.js';
import type { HandlerSpec } from '../../../../harness/scenario/scenario.js';
import { loadScenario, NONCE } from '../../../fixtures/load-scenario.js';

const plan = planLoad(loadScenario({ message: { poison: { undecodable: 0.1, failing: 0.1 } } }));
const healthy = plan.poison.indexOf(0);
const undecodable = plan.poison.indexOf(1);
const failing = plan.poison.indexOf(2);
const builder = new PayloadBuilder(NONCE, 64);

function incoming(ordinal: number, attempt = 1): IncomingMessage {
  const key = plan.key[ordinal]!;
  const payload = builder.write(builder.allocate(1), 0, ordinal, key, plan.poison[ordinal]!);
  return { id: messageId(NONCE, ordinal), key: keyName(key), payload, partition: 3, attempt };
}

function setUp(spec: Partial<HandlerSpec> = {}, change?: HandlerChange) {
  const records: { ordinal: number; kind: RecordKind; ns: number; flags: number; a: number; b: number }[] = [];
  let flushes = 0;
  const handler = new Handler({
    plan,
    nonce: NONCE,
    seed: 42,
    spec: { timeMs: 0, cpuMs: 0, failShare: 0, ...spec },
    change,
    ledger: {
      append: (ordinal, kind, ns, flags = 0, a = 0, b = 0) => void records.push({ ordinal, kind, ns, flags, a, b }),
      flushed: () => {
        flushes++;
        return new Promise((resolve) => setImmediate(resolve));
      },
    },
    clock: systemClock,
  });
  return { records, handler, flushes: () => flushes };
}

describe('Handler', () => {
  it('records START and END with partition and attempt, and settles when END is on file', async () => {
    const { records, handler, flushes } = setUp();
    const handled = handler.handle(incoming(healthy, 2));
    expect(records).toMatchObject([
      { ordinal: healthy, kind: KIND.START, flags: 0, a: 3, b: 2 },
      { ordinal: healthy, kind: KIND.END, flags: 0, a: 3, b: 2 },
    ]);
    expect(flushes()).toBe(1);
    await handled;
    expect(handler.stats()).toMatchObject({ started: 1, done: 1, distinct: 1, failed: 0, inHand: 0 });
  });

  it('records which member of the worker was handed it', async () => {
    const { records, handler } = setUp();
    await handler.handle(incoming(healthy), 24);
    expect(records).toMatchObject([
      { kind: KIND.START, flags: 24 },
      { kind: KIND.END, flags: 0 },
    ]);
  });

  it('counts different messages apart from handlings', async () => {
    const { handler } = setUp();
    await handler.handle(incoming(healthy));
    await handler.handle(incoming(healthy));
    expect(handler.stats()).toMatchObject({ done: 2, distinct: 1 });
  });

  it('waits at least the handling time', async () => {
    const { records, handler } = setUp({ timeMs: 5 });
    await Promise.all([handler.handle(incoming(healthy)), handler.handle(incoming(healthy))]);
    const [first, , end] = records;
    expect(records.map(({ kind }) => kind)).toEqual([KIND.START, KIND.START, KIND.END, KIND.END]);
    expect(end!.ns - first!.ns).toBeGreaterThanOrEqual(5e6);
  });

  it('burns the CPU time', async () => {
    const { records, handler } = setUp({ cpuMs: 2 });
    await handler.handle(incoming(healthy));
    expect(records[1]!.ns - records[0]!.ns).toBeGreaterThanOrEqual(2e6);
  });

  it('fails the drawn attempts, with an error that a retry can help', async () => {
    const { records, handler } = setUp({ failShare: 0.5 });
    for (let attempt = 1; attempt <= 20; attempt++) {
      const handled = handler.handle(incoming(healthy, attempt));
      if (handlerFails(42, healthy, attempt, 0.5)) await expect(handled).rejects.toMatchObject({ permanent: false });
      else await handled;
      expect(records.at(-1)?.flags === END_FAILED).toBe(handlerFails(42, healthy, attempt, 0.5));
    }
    expect(handler.stats().failed).toBeGreaterThan(0);
  });

  it('works as its own worker does, while that differs from its peers', async () => {
    const sick = { timeMs: 5, cpuMs: 0, failShare: 1 };
    const { records, handler } = setUp({}, { spec: sick, spans: [{ fromNs: 0, untilNs: 60e9 }] });
    await handler.handle(incoming(healthy));
    handler.begin(systemClock.nowNs() - 1e9);
    await expect(handler.handle(incoming(healthy))).rejects.toMatchObject({ permanent: false });
    handler.begin(systemClock.nowNs() - 61e9);
    await handler.handle(incoming(healthy));
    const [, , start, end] = records;
    expect(end!.ns - start!.ns).toBeGreaterThanOrEqual(5e6);
    expect(handler.stats()).toMatchObject({ done: 2, failed: 1 });
  });

  it('refuses undecodable poison for good and fails failing poison every time', async () => {
    const { records, handler } = setUp();
    await expect(handler.handle(incoming(undecodable))).rejects.toMatchObject({ permanent: true });
    for (const attempt of [1, 2, 3]) {
      await expect(handler.handle(incoming(failing, attempt))).rejects.toMatchObject({ permanent: false });
    }
    const ends = records.filter(({ kind }) => kind === KIND.END);
    expect(ends).toHaveLength(4);
    expect(ends.every(({ flags }) => flags === END_FAILED)).toBe(true);
  });

  it('records a delivery that nobody sent like that as UNEXPECTED and nothing else', async () => {
    const { records, handler } = setUp();
    const message = incoming(healthy);
    await handler.handle({ ...message, key: 'other' });
    await handler.handle({ ...message, id: 'invented', payload: Buffer.from('invented') });
    expect(records).toMatchObject([
      { ordinal: healthy, kind: KIND.UNEXPECTED, flags: UNEXPECTED_REASONS.indexOf('key-mismatch') },
      { ordinal: NO_ORDINAL, kind: KIND.UNEXPECTED, flags: UNEXPECTED_REASONS.indexOf('corrupt-payload') },
    ]);
    expect(handler.stats()).toMatchObject({ unexpected: 2, started: 0 });
  });
});
