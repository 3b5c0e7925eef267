import { NS_PER_MS, systemClock } from '../../harness/clock.js';
import { arrivalTimes } from '../../harness/load/arrivals.js';
import type { BenchProducer } from './client.js';
import { MeasuredTime } from './measured-time.js';
import type { WorkerFigures, WorkerTask } from './protocol.js';
import { stampedPayload } from './stamp.js';

/** Of a closed loop: messages not confirmed, and messages not handled. */
const WINDOW = 4_096;
const UNHANDLED = 16_384;
const BATCH = 64;
/** Of an open loop: what came due within this leaves together. */
const TICK_MS = 1;

export interface Feedback {
  /** Messages handled so far. */
  handled: number;
  /** Called when that has grown. */
  onHandled(): void;
}

/** Offers the load; resolves when every message is stored. */
export async function produce(
  task: WorkerTask,
  producer: BenchProducer,
  startNs: number,
  feedback: Feedback,
): Promise<WorkerFigures> {
  const { load, payloadBytes } = task;
  let stored = 0;
  const time = new MeasuredTime(task, startNs, () => stored);
  const onStored = () => {
    stored++;
  };
  const send = (payloads: readonly Buffer[], onOne: () => void) => {
    producer.send(payloads, () => {
      onStored();
      onOne();
    });
  };
  const payload = (dueNs: number, sequence: number) => stampedPayload(payloadBytes, dueNs, sequence);
  let sent: number;
  if (load.kind === 'open') {
    const dueNs = arrivalTimes(
      { kind: 'constant', ratePerSec: load.ratePerSec },
      load.warmUpMs + load.measuredMs,
      NEVER,
    );
    sent = await openLoop(
      dueNs.map((ns) => startNs + ns),
      payload,
      send,
    );
  } else if (load.kind === 'closed') {
    sent = await closedLoop(() => systemClock.nowNs() < time.toNs, Number.POSITIVE_INFINITY, payload, send, feedback);
  } else {
    sent = await closedLoop(() => true, load.messages, payload, send, {
      ...feedback,
      handled: Number.POSITIVE_INFINITY,
    });
  }
  return time.figures(sent);
}

/** A constant rate draws nothing. */
const NEVER = () => {
  throw new Error('a constant rate is not random');
};

type Payload = (dueNs: number, sequence: number) => Buffer;
type Send = (payloads: readonly Buffer[], onStored: () => void) => void;

/** Keeps both windows full. Latencies of a closed loop are queueing, not quoted. */
function closedLoop(goesOn: () => boolean, messages: number, payload: Payload, send: Send, feedback: Feedback) {
  return new Promise<number>((resolve) => {
    let sent = 0;
    let stored = 0;
    let isOver = false;
    let isScheduled = false;
    const fill = () => {
      isScheduled = false;
      while (!isOver && sent - stored <= WINDOW - BATCH && sent - feedback.handled < UNHANDLED) {
        const nowNs = systemClock.nowNs();
        const count = Math.min(BATCH, messages - sent);
        isOver = count === 0 || !goesOn();
        if (isOver) break;
        const payloads = new Array<Buffer>(count);
        for (let i = 0; i < count; i++) payloads[i] = payload(nowNs, sent++);
        send(payloads, onStored);
      }
      if (isOver && stored === sent) resolve(sent);
    };
    const schedule = () => {
      if (isScheduled) return;
      isScheduled = true;
      setImmediate(fill);
    };
    const onStored = () => {
      stored++;
      schedule();
    };
    feedback.onHandled = schedule;
    fill();
  });
}

/** Sends each message when it is due, late but never skipped, and waits for nothing. */
function openLoop(dueNs: Float64Array, payload: Payload, send: Send): Promise<number> {
  return new Promise((resolve) => {
    let sent = 0;
    let stored = 0;
    const onStored = () => {
      if (++stored === dueNs.length) resolve(sent);
    };
    const tick = () => {
      const nowNs = systemClock.nowNs();
      const payloads: Buffer[] = [];
      while (sent < dueNs.length && dueNs[sent]! <= nowNs) payloads.push(payload(dueNs[sent]!, sent++));
      if (payloads.length > 0) send(payloads, onStored);
      if (sent < dueNs.length) setTimeout(tick, Math.max(TICK_MS, (dueNs[sent]! - nowNs) / NS_PER_MS));
    };
    tick();
  });
}
