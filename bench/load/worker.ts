/** One side of a measured pair, in a process of its own: see pair.ts. */
import { build } from 'hdr-histogram-js';
import { NS_PER_MS, systemClock } from '../../harness/clock.js';
import { type Address, CLIENTS, type ClientName, PAYLOAD_BYTES } from './client.js';

export interface WorkerTask {
  readonly role: 'producer' | 'consumer';
  readonly client: ClientName;
  readonly address: Address;
  readonly topic: string;
  readonly messages: number;
  /** Messages left out of the figures: the first ones. */
  readonly warmUp: number;
  /** Open loop at this rate; undefined: as fast as acknowledgements come back. */
  readonly ratePerSec?: number;
}

export interface ConsumerFigures {
  /** From the first measured message's sending to the last one's handling. */
  readonly messagesPerSec: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
}

/** Unacknowledged messages of the closed loop, and how many are sent together. */
const WINDOW = 4096;
const TICK_MESSAGES = 64;
const TICK_MS = 1;

process.once('message', (task: WorkerTask) => {
  void (task.role === 'producer' ? produce(task) : consume(task));
});

async function consume({ client, address, topic, messages, warmUp }: WorkerTask): Promise<void> {
  const histogram = build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: 60_000_000,
    numberOfSignificantValueDigits: 3,
  });
  let handled = 0;
  let startNs = 0;
  let done = () => {};
  const finished = new Promise<void>((resolve) => {
    done = resolve;
  });
  const receiver = await (await CLIENTS[client]()).consumer(address, topic, (payload) => {
    handled++;
    if (handled <= warmUp) return;
    const dueNs = payload.readDoubleLE(0);
    if (startNs === 0) startNs = dueNs;
    histogram.recordValue(Math.max(1, Math.round((systemClock.nowNs() - dueNs) / 1000)));
    if (handled === messages) done();
  });
  process.send!('ready');
  await finished;
  const seconds = (systemClock.nowNs() - startNs) / 1e9;
  await receiver.close();
  const figures: ConsumerFigures = {
    messagesPerSec: (messages - warmUp) / seconds,
    p50Ms: histogram.getValueAtPercentile(50) / 1000,
    p99Ms: histogram.getValueAtPercentile(99) / 1000,
    p999Ms: histogram.getValueAtPercentile(99.9) / 1000,
  };
  process.send!(figures, () => process.disconnect());
}

async function produce({ client, address, topic, messages, ratePerSec }: WorkerTask): Promise<void> {
  const producer = await (await CLIENTS[client]()).producer(address, topic);
  process.send!('ready');
  await (ratePerSec === undefined
    ? closedLoop(messages, producer.send)
    : openLoop(messages, ratePerSec, producer.send));
  await producer.close();
  process.disconnect();
}

type Send = (payloads: readonly Buffer[], onStored: () => void) => void;

/** Keeps WINDOW messages unacknowledged. Latencies of a closed loop are queueing, not quoted. */
function closedLoop(messages: number, send: Send): Promise<void> {
  return new Promise((resolve) => {
    let sent = 0;
    let stored = 0;
    let isScheduled = false;
    const fill = () => {
      isScheduled = false;
      while (sent < messages && sent - stored < WINDOW) {
        const count = Math.min(TICK_MESSAGES, messages - sent);
        sent += count;
        const nowNs = systemClock.nowNs();
        send(
          Array.from({ length: count }, () => stamped(nowNs)),
          onStored,
        );
      }
    };
    const onStored = () => {
      stored++;
      if (stored === messages) resolve();
      if (isScheduled || sent === messages) return;
      isScheduled = true;
      setImmediate(fill);
    };
    fill();
  });
}

/** Sends each message when it is due, whatever became of the earlier ones; latency counts from the due time. */
function openLoop(messages: number, ratePerSec: number, send: Send): Promise<void> {
  return new Promise((resolve) => {
    const startNs = systemClock.nowNs() + 10 * NS_PER_MS;
    const dueNs = (index: number) => startNs + (index / ratePerSec) * 1e9;
    let sent = 0;
    let stored = 0;
    const onStored = () => {
      if (++stored === messages) resolve();
    };
    const tick = () => {
      const nowNs = systemClock.nowNs();
      const payloads: Buffer[] = [];
      while (sent < messages && dueNs(sent) <= nowNs) payloads.push(stamped(dueNs(sent++)));
      if (payloads.length > 0) send(payloads, onStored);
      if (sent < messages) setTimeout(tick, TICK_MS);
    };
    tick();
  });
}

function stamped(ns: number): Buffer {
  const payload = Buffer.allocUnsafe(PAYLOAD_BYTES);
  payload.writeDoubleLE(ns, 0);
  return payload;
}
