import type { ConsumerScaler, ScalingLook } from '../drivers/driver.js';
import type { FromWorker, ToWorker } from './protocol.js';

/** The channel to the orchestrator, as an autoscaler process needs it. */
export interface ScalerChannel {
  send(message: FromWorker): void;
  onMessage(listener: (message: ToWorker) => void): void;
}

/** The scaler in the autoscaler's process: the orchestrator, which starts and ends the consumers, does what it is asked. */
export class RemoteScaler implements ConsumerScaler {
  readonly #channel: ScalerChannel;
  readonly #signal: AbortSignal;
  readonly #waiting = new Map<number, { resolve(): void; reject(error: Error): void }>();
  #asked = 0;

  /** Once `signal` aborts it does nothing more, and what was asked for is not waited for. */
  constructor(channel: ScalerChannel, signal: AbortSignal) {
    this.#channel = channel;
    this.#signal = signal;
    channel.onMessage((message) => {
      if (message.type === 'scaled') this.#settle(message.request, message.problem);
    });
    signal.addEventListener('abort', () => {
      for (const request of [...this.#waiting.keys()]) this.#settle(request, OVER);
    });
  }

  async scaleTo(members: number, reason: string): Promise<void> {
    if (this.#signal.aborted) throw new Error(OVER);
    if (!Number.isSafeInteger(members)) throw new Error(`scaleTo(${String(members)}): a whole number of consumers`);
    const request = ++this.#asked;
    const done = new Promise<void>((resolve, reject) => this.#waiting.set(request, { resolve, reject }));
    this.#channel.send({ type: 'scale', request, members, reason: String(reason) });
    await done;
  }

  /** A look that is not made of numbers, from a driver that no type checker has seen, is no look. */
  tell({ needed, ratePerSec, backlog, serviceMs }: ScalingLook): void {
    const look = { needed, ratePerSec, backlog, serviceMs };
    if (Object.values(look).every(Number.isFinite)) this.#channel.send({ type: 'look', look });
  }

  #settle(request: number, problem: string | undefined): void {
    const waiting = this.#waiting.get(request);
    this.#waiting.delete(request);
    if (problem === undefined) waiting?.resolve();
    else waiting?.reject(new Error(problem));
  }
}

const OVER = 'the load is over: nobody is scaled any more';
