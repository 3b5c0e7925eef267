import { type BrokerError, MessageBroker, type PublishOutcome, type ScalingLook } from '../../broker/index.js';
import { systemClock } from '../clock.js';
import { waitFor } from '../environment/wait-for.js';
import { gauntletVersion } from '../version.js';
import {
  ACCEPTED,
  type ConsumerLimits,
  type ConsumerScaler,
  type Driver,
  type DriverContext,
  type DriverProducer,
  type MessageHandler,
  type Outcome,
  type RejectReason,
  type StoredMessage,
} from './driver.js';
import { referenceEndpoint } from './reference-endpoint.js';
import { statedHealthOptions } from './reference-health-options.js';
import { parseReferenceOptions, type ReferenceOptions, referenceCapabilities } from './reference-options.js';
import { statedPoisonOptions } from './reference-poison-options.js';

/** A consumer is ready without partitions that another one takes longer to hand over. */
const SERVED_WITHIN_MS = 2_000;

/** The reference broker as a system under test. */
export function createDriver(context: DriverContext): Driver {
  const options = parseReferenceOptions(context.options);
  return new ReferenceDriver(context, options);
}

class ReferenceDriver implements Driver {
  readonly name = 'reference';
  readonly version = gauntletVersion();
  readonly capabilities: Driver['capabilities'];
  readonly #context: DriverContext;
  readonly #options: ReferenceOptions;
  #broker: Promise<MessageBroker> | undefined;
  #producing: MessageBroker | undefined;
  /** Partitions that are to be the consumer's. */
  #assigned: readonly number[] = [];

  constructor(context: DriverContext, options: ReferenceOptions) {
    this.#context = context;
    this.#options = options;
    this.capabilities = referenceCapabilities(options);
  }

  async prepare(): Promise<void> {
    const broker = await this.#connect();
    await broker.createTopic(this.#context.topic, { partitions: this.#options.partitions });
  }

  async producer(): Promise<DriverProducer> {
    const { topic } = this.#context;
    const broker = await this.#connect();
    await broker.openTopic(topic);
    this.#producing = broker;
    return {
      publish: (batch, onOutcome) =>
        broker.publishBatch(topic, batch, (index, outcome) => onOutcome(index, toOutcome(outcome))),
      capacity: () => broker.capacity(),
      [Symbol.asyncDispose]: () => broker.close(),
    };
  }

  async consume(handler: MessageHandler, ready: () => void, signal: AbortSignal): Promise<void> {
    const { topic, group, concurrency } = this.#context;
    const { ordering, maxAttempts, retryBaseMs, retryCapMs, retryBudget, breaker } = this.#options;
    const { leaseDurationMs, leaseRenewMs, leaseStopMs, balancing } = this.#options;
    const broker = await this.#connect();
    await using subscription = await broker.subscribe(topic, group, handler, {
      concurrency,
      ordering,
      maxAttempts,
      retryBaseMs,
      retryCapMs,
      retryBudget,
      breaker,
      leaseDurationMs,
      leaseRenewMs,
      leaseStopMs,
      balancing,
      ...statedHealthOptions(this.#options),
      ...statedPoisonOptions(this.#options),
    });
    // The load begins with a group in which nothing moves any more.
    const isServed = () =>
      this.#assigned.every((partition) => subscription.partitions.includes(partition)) || undefined;
    await waitFor(() => signal.aborted || isServed(), { clock: systemClock, deadlineMs: SERVED_WITHIN_MS });
    ready();
    await aborted(signal);
  }

  async autoscale(
    scaler: ConsumerScaler,
    limits: ConsumerLimits,
    ready: () => void,
    signal: AbortSignal,
  ): Promise<void> {
    const { topic, group } = this.#context;
    const broker = await this.#connect();
    // What is known of some partitions only says little of the whole.
    const onLook = (look: ScalingLook) => look.isWhole && scaler.tell(look);
    await using _autoscaler = await broker.autoscale(topic, group, {
      ...this.#options.autoscale,
      ...limits,
      scaler,
      onLook,
    });
    ready();
    await aborted(signal);
  }

  async *inventory(signal: AbortSignal): AsyncGenerator<StoredMessage> {
    const { topic, group } = this.#context;
    const broker = await this.#connect();
    // A server that lost its data lost the topic's row too: what it holds can be told all the same.
    await broker.createTopic(topic, { partitions: this.#options.partitions });
    for await (const { id, position, payload, place } of broker.inventory(topic, group)) {
      if (signal.aborted) return;
      yield { id: id ?? position, payload, place };
    }
  }

  gauges(): Readonly<Record<string, number>> {
    return {
      bufferedBytes: this.#producing?.bufferedBytes ?? 0,
      acknowledgedLosses: this.#producing?.acknowledgedLosses ?? 0,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await (await this.#broker?.catch(() => undefined))?.close();
  }

  #connect(): Promise<MessageBroker> {
    const { endpoints, log } = this.#context;
    const { durability, onReplicaLoss, publishTimeoutMs } = this.#options;
    this.#broker ??= MessageBroker.connect({
      redis: referenceEndpoint(endpoints),
      durability,
      onReplicaLoss,
      publishTimeoutMs,
      onEvent: (event) => {
        if (event.kind === 'assigned') this.#assigned = event.partitions;
        log(JSON.stringify(event));
      },
    });
    return this.#broker;
  }
}

function toOutcome(outcome: PublishOutcome): Outcome {
  switch (outcome.kind) {
    case 'accepted':
      return ACCEPTED;
    case 'indeterminate':
      return { kind: 'indeterminate', detail: outcome.error.message };
    case 'rejected':
      return { kind: 'rejected', reason: rejectReason(outcome.error), detail: outcome.error.message };
    default:
      return outcome satisfies never;
  }
}

function rejectReason({ code }: BrokerError): RejectReason {
  if (code === 'back-pressure' || code === 'too-large') return code;
  return 'other';
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
