import type { BrokerError } from '../../../broker/broker-error.js';
import { pause } from '../../../broker/clock.js';
import type { MessageBroker } from '../../../broker/message-broker.js';
import type { SimProcess } from '../world/sim-process.js';
import { pick } from './plan.js';
import { connect, GROUP, handlerOf, type Stage, subscribeOptions, TOPIC } from './stage.js';

const KEYLESS_SHARE = 0.15;
const START_AGAIN_MS = 100;
/** So few that many messages have one that was used before. */
const DEDUPE_IDS = 8;

/** One place in the application, whose processes come and go. */
export abstract class Actor {
  readonly stage: Stage;
  readonly name: string;
  process: SimProcess;
  #instances = 0;
  #broker: MessageBroker | undefined;
  #isClosing = false;

  constructor(stage: Stage, name: string) {
    this.stage = stage;
    this.name = name;
    this.process = this.#newProcess();
  }

  get isClosing(): boolean {
    return this.#isClosing;
  }

  /** Starts (again), in a new process. */
  start(): void {
    if (this.#instances > 0) this.process = this.#newProcess();
    this.#instances++;
    this.#isClosing = false;
    const { process, stage } = this;
    stage.world.trace(() => `${process.name} starts`);
    this.#run(process).catch((error: unknown) => stage.world.scheduler.fail(error));
  }

  kill(): void {
    this.stage.world.trace(() => `${this.process.name} is killed`);
    this.process.kill();
    this.onGone(this.process);
  }

  /** Closes the broker as an application does at its end; resolves when that is done. */
  async close(): Promise<void> {
    this.stage.world.trace(() => `${this.process.name} closes`);
    this.#isClosing = true;
    const { process } = this;
    await this.#broker?.close();
    this.stage.world.trace(() => `${process.name} has closed`);
    process.kill();
    this.onGone(process);
  }

  protected abstract work(broker: MessageBroker, process: SimProcess): Promise<void>;

  protected onGone(_process: SimProcess): void {}

  async #run(process: SimProcess): Promise<void> {
    this.#broker = undefined;
    for (;;) {
      try {
        const broker = await connect(this.stage, process);
        if (this.process !== process || this.#isClosing) return;
        this.#broker = broker;
        await this.work(broker, process);
        return;
      } catch (error) {
        if (!(error instanceof Error) || error.name !== 'BrokerError') throw error;
        const { code } = error as BrokerError;
        this.stage.world.trace(() => `${process.name} cannot start: ${code} ${error.message}`);
        if (code !== 'connection' && code !== 'closed' && code !== 'topic-missing') throw error;
        if (this.#isClosing || this.process !== process) return;
        const failed = this.#broker;
        this.#broker = undefined;
        await failed?.close();
        await pause(process.clock, START_AGAIN_MS);
      }
    }
  }

  #newProcess(): SimProcess {
    const { world, plan, random } = this.stage;
    const rate = 1 + (random() * 2 - 1) * plan.drift;
    return world.process(`${this.name}.${this.#instances}`, rate, (random() - 0.5) * 2_000);
  }
}

export class Member extends Actor {
  protected async work(broker: MessageBroker, process: SimProcess): Promise<void> {
    const handler = handlerOf(this.stage, process, () => this.#die(process));
    await broker.subscribe(TOPIC, GROUP, handler, subscribeOptions(this.stage.plan));
  }

  /** Of a message: a supervisor starts it again. */
  #die(process: SimProcess): void {
    if (process.isKilled) return;
    this.kill();
    const { world, random } = this.stage;
    world.scheduler.after(START_AGAIN_MS + random() * 900, () => {
      if (this.process === process) this.start();
    });
  }
}

export class Producer extends Actor {
  #left = this.stage.plan.messages;
  #count = 0;
  #unanswered = 0;
  #isStopped = false;
  #broker: MessageBroker | undefined;

  /** Has published all that it was to publish, and knows what became of it. */
  get isDone(): boolean {
    return (this.#left === 0 || this.#isStopped) && this.#unanswered === 0;
  }

  /** Publishes nothing new. */
  stop(): void {
    this.#isStopped = true;
  }

  protected override onGone(process: SimProcess): void {
    this.stage.journal.deadProducers.add(process.name);
    this.#broker = undefined;
    this.#unanswered = 0;
  }

  protected async work(broker: MessageBroker, process: SimProcess): Promise<void> {
    const { plan, random } = this.stage;
    await broker.openTopic(TOPIC);
    this.#broker = broker;
    while (this.#left > 0 && !this.#isStopped && this.process === process) {
      this.#publish(broker, process, this.#someKeys(Math.min(this.#left, pick(random, [1, 1, 2, 6]))), false);
      await pause(process.clock, plan.publishEveryMs * random() * 4);
    }
  }

  /** Publishes once more with each key: all is well, so that each has to be accepted. */
  probe(): void {
    const { plan } = this.stage;
    const keys = Array.from({ length: plan.keys }, (_, i) => `k${i}`);
    if (this.#broker !== undefined && this.process.isRunning) this.#publish(this.#broker, this.process, keys, true);
  }

  #someKeys(count: number): (string | undefined)[] {
    const { plan, random } = this.stage;
    return Array.from({ length: count }, () => {
      return random() < KEYLESS_SHARE ? undefined : `k${Math.floor(random() * plan.keys)}`;
    });
  }

  #publish(
    broker: MessageBroker,
    process: SimProcess,
    keys: readonly (string | undefined)[],
    mustBeAccepted: boolean,
  ): void {
    const { journal, world, plan, random } = this.stage;
    const batch = keys.map((key) => {
      const isUnique = key === undefined && random() < plan.dedupeShare;
      const dedupeId = isUnique ? `d${Math.floor(random() * DEDUPE_IDS)}` : undefined;
      return { id: `${process.name}-${this.#count++}`, key, dedupeId, payload: Buffer.from(process.name) };
    });
    this.#left -= mustBeAccepted ? 0 : batch.length;
    this.#unanswered += batch.length;
    world.trace(
      () =>
        `${process.name} publishes ${batch.map(({ id, key, dedupeId }) => `${id} ${key ?? dedupeId ?? ''}`).join(', ')}`,
    );
    const published = batch.map(({ id, key, dedupeId }) => journal.publish(id, process.name, key, dedupeId));
    broker.publishBatch(TOPIC, batch, (index, outcome) => {
      if (process.isKilled) return;
      world.trace(() => {
        const detail = outcome.kind === 'accepted' ? JSON.stringify(outcome.receipt) : outcome.error.message;
        return `${process.name} ${batch[index]!.id} ${outcome.kind} ${detail}`;
      });
      this.#unanswered--;
      journal.outcome(published[index]!, outcome);
      if (mustBeAccepted && outcome.kind !== 'accepted') {
        journal.violation(
          'no-wedge',
          `${batch[index]!.id} is ${outcome.kind} although all is well: ${outcome.error.message}`,
        );
      }
    });
  }
}
