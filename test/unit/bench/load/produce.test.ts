import { expect, it } from 'vitest';
import type { BenchProducer } from '../../../../bench/load/client.js';
import { produce } from '../../../../bench/load/produce.js';
import type { Load, WorkerTask } from '../../../../bench/load/protocol.js';
import { dueNsOf, sequenceOf } from '../../../../bench/load/stamp.js';
import { systemClock } from '../../../../harness/clock.js';

const feedback = () => ({ handled: 0, onHandled: () => {} });

/** Confirms in a later turn of the event loop; remembers what was sent and the most that was ever unconfirmed. */
class LateProducer implements BenchProducer {
  readonly payloads: Buffer[] = [];
  unconfirmed = 0;
  mostUnconfirmed = 0;

  send = (payloads: readonly Buffer[], onStored: () => void): void => {
    this.payloads.push(...payloads);
    this.unconfirmed += payloads.length;
    this.mostUnconfirmed = Math.max(this.mostUnconfirmed, this.unconfirmed);
    setImmediate(() => {
      for (let i = 0; i < payloads.length; i++) {
        this.unconfirmed--;
        onStored();
      }
    });
  };

  async close(): Promise<void> {}
}

it('sends exactly the messages of a counted load, numbered, never more than the window unconfirmed', async () => {
  const producer = new LateProducer();
  const figures = await produce(task({ kind: 'count', messages: 10_001 }), producer, systemClock.nowNs(), feedback());
  expect(figures.messages).toBe(10_001);
  expect(figures.measured).toBe(10_001);
  expect(producer.payloads.map(sequenceOf)).toEqual(Array.from({ length: 10_001 }, (_, i) => i));
  expect(producer.mostUnconfirmed).toBeLessThanOrEqual(4_096);
});

it('holds a closed loop back until messages are handled', async () => {
  const producer = new LateProducer();
  const unhandled = feedback();
  const startNs = systemClock.nowNs();
  const running = produce(task({ kind: 'closed', warmUpMs: 0, measuredMs: 50 }), producer, startNs, unhandled);
  const isOver = () => systemClock.nowNs() > startNs + 50e6 && producer.unconfirmed === 0;
  await expect.poll(isOver, { timeout: 60_000 }).toBe(true);
  const sent = producer.payloads.length;
  expect(sent).toBeLessThanOrEqual(16_384);
  unhandled.handled = sent;
  unhandled.onHandled();
  expect((await running).messages).toBe(sent);
});

it('sends an open loop at its intended times, and never early', async () => {
  const producer = new LateProducer();
  const startNs = systemClock.nowNs();
  const sentNs: number[] = [];
  const watched = {
    ...producer,
    close: async () => {},
    send: (payloads: readonly Buffer[], onStored: () => void) => {
      for (const _ of payloads) sentNs.push(systemClock.nowNs());
      producer.send(payloads, onStored);
    },
  };
  const load = { kind: 'open', ratePerSec: 1_000, warmUpMs: 20, measuredMs: 30 } as const;
  const { messages } = await produce(task(load), watched, startNs, feedback());
  expect(messages).toBe(50);
  const dueNs = producer.payloads.map(dueNsOf);
  expect(dueNs.map((ns) => Math.round((ns - startNs) / 1e6))).toEqual(Array.from({ length: 50 }, (_, i) => i));
  for (const [i, ns] of sentNs.entries()) expect(ns).toBeGreaterThanOrEqual(dueNs[i]!);
});

function task(load: Load): WorkerTask {
  return {
    role: 'producer',
    client: { kind: 'raw', format: 'payloads' },
    target: { host: 'none', port: 0 },
    topic: 'none',
    payloadBytes: 64,
    load,
  };
}
