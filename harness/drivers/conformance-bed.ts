import { deepEqual, equal, ok } from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { systemClock } from '../clock.js';
import { waitFor } from '../environment/wait-for.js';
import type {
  ConsumerLimits,
  ConsumerScaler,
  Driver,
  DriverContext,
  DriverEndpoints,
  DriverModule,
  IncomingMessage,
  MessageHandler,
  OutgoingMessage,
  StoredMessage,
} from './driver.js';
import { openDriver } from './load-driver.js';

/** What the checks are tried on. */
export interface ConformanceTarget {
  readonly module: DriverModule;
  /** A system that runs; each check has a topic of its own in it. */
  readonly endpoints: DriverEndpoints;
  /** As `system.options` of a scenario. */
  readonly options?: Readonly<Record<string, unknown>>;
  /** Ceiling of every wait; 30 s. */
  readonly deadlineMs?: number;
}

/** One topic, and drivers opened for it as the processes of a run would. */
export class ConformanceBed implements AsyncDisposable {
  readonly #target: ConformanceTarget;
  readonly #topic = `conformance-${randomBytes(8).toString('hex')}`;
  readonly #open: Driver[] = [];
  readonly #end = new AbortController();

  constructor(target: ConformanceTarget) {
    this.#target = target;
  }

  async driver(role: DriverContext['role']): Promise<Driver> {
    const { module, endpoints, options = {} } = this.#target;
    const driver = await openDriver('under test', module, {
      role,
      endpoints,
      options,
      topic: this.#topic,
      group: 'conformance',
      worker: { index: 0, count: 1, incarnation: 0 },
      concurrency: 16,
      log: () => {},
      signal: this.#end.signal,
    });
    this.#open.push(driver);
    return driver;
  }

  async prepare(): Promise<Driver> {
    const driver = await this.driver('control');
    await driver.prepare?.(this.#end.signal);
    return driver;
  }

  /** Publishes in two batches and expects every message to be accepted, once. */
  async publish(messages: readonly OutgoingMessage[]): Promise<void> {
    const driver = await this.driver('producer');
    ok(driver.producer, 'the driver has no producer()');
    const producer = await driver.producer(this.#end.signal);
    const outcomes = messages.map((): string[] => []);
    for (const [from, to] of [
      [0, 1],
      [1, messages.length],
    ] as const) {
      await producer.capacity?.();
      producer.publish(messages.slice(from, to), (index, outcome) => outcomes[from + index]?.push(outcome.kind));
    }
    await this.until('every message has an outcome', () => outcomes.every(({ length }) => length > 0));
    await producer[Symbol.asyncDispose]();
    const once = messages.map(() => ['accepted']);
    deepEqual(outcomes, once, 'every message is accepted, and told so once');
  }

  /** Consumes, as one member or as one for each handler, until `done`, then asks the driver to stop and waits until it has. */
  async consume(handler: MessageHandler | readonly MessageHandler[], what: string, done: () => boolean): Promise<void> {
    const handlers = typeof handler === 'function' ? [handler] : handler;
    const driver = await this.driver('consumer');
    ok(driver.consume, 'the driver has no consume()');
    const stop = new AbortController();
    let ready = 0;
    let stopped = false;
    const calls = handlers.map((one) => driver.consume!(one, () => void ready++, stop.signal));
    const consuming = Promise.all(calls).finally(() => (stopped = true));
    consuming.catch(() => {});
    try {
      await this.until('consume() calls ready()', () => ready >= handlers.length || stopped);
      await this.until(what, () => done() || stopped);
      equal(stopped && !done(), false, `consume() goes on until it is asked to stop: ${what}`);
    } finally {
      stop.abort();
    }
    await this.until('consume() ends when it is asked to', () => stopped);
    await consuming;
    await driver[Symbol.asyncDispose]();
  }

  /** Has the driver's autoscaler look until it has asked for consumers, and returns the counts. undefined: it has none. */
  async autoscale(limits: ConsumerLimits): Promise<readonly number[] | undefined> {
    const driver = await this.driver('autoscaler');
    if (driver.capabilities.autoscale !== true) return undefined;
    const asked: number[] = [];
    const scaler: ConsumerScaler = { scaleTo: async (members) => void asked.push(members), tell() {} };
    const stop = new AbortController();
    let ready = false;
    let stopped = false;
    const scaling = driver.autoscale!(scaler, limits, () => (ready = true), stop.signal).finally(
      () => (stopped = true),
    );
    scaling.catch(() => {});
    try {
      await this.until('autoscale() calls ready()', () => ready || stopped);
      await this.until('autoscale() asks for consumers', () => asked.length > 0 || stopped);
      equal(stopped, false, 'autoscale() goes on until it is asked to stop');
    } finally {
      stop.abort();
    }
    await this.until('autoscale() ends when it is asked to', () => stopped);
    await scaling;
    return asked;
  }

  /** What the driver says it holds; undefined: it has no inventory. */
  async inventory(): Promise<StoredMessage[] | undefined> {
    const driver = await this.driver('inventory');
    if (!driver.capabilities.inventory) return undefined;
    const held: StoredMessage[] = [];
    for await (const { id, payload, place } of driver.inventory!(this.#end.signal)) {
      held.push({ id, payload: Buffer.from(payload), place });
    }
    return held;
  }

  async until(what: string, condition: () => boolean): Promise<void> {
    const { deadlineMs = 30_000 } = this.#target;
    const came = await waitFor(() => condition() || undefined, { clock: systemClock, deadlineMs });
    ok(came, `within ${deadlineMs / 1000} s: ${what}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort();
    for (const driver of this.#open.splice(0)) await driver[Symbol.asyncDispose]();
  }
}

/** Messages `m-0`, `m-1`, ... (or from another number on) over ten keys, no two payloads alike. */
export function sampleMessages(count: number, first = 0): OutgoingMessage[] {
  return Array.from({ length: count }, (_, n) => {
    const i = first + n;
    return { id: `m-${i}`, key: `k${i % 10}`, payload: randomBytes(100 + i), priority: 0 };
  });
}

/** The parts of a message that a driver must not change. */
export function content({ id, key, payload }: Pick<IncomingMessage, 'id' | 'key' | 'payload'>): string {
  return JSON.stringify([id, key, payload.toString('base64')]);
}
