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
  readonly #waiting = new Map<number, (problem?: string) => void>();
  #asked = 0;

  /** Once `signal` aborts the load is over: nothing is asked for any more, and nobody waits for what was. */
  constructor(channel: ScalerChannel, signal: AbortSignal) {
    this.#channel = channel;
    this.#signal = signal;
    channel.onMessage((message) => {
      if (message.type === 'scaled') this.#waiting.get(message.request)?.(message.problem);
    });
    signal.addEventListener('abort', () => {
      for (const settle of [...this.#waiting.values()]) settle();
    });
  }

  async scaleTo(members: number, reason: string): Promise<void> {
    if (this.#signal.aborted) return;
    if (!Number.isSafeInteger(members)) throw new Error(`scaleTo(${String(members)}): a whole number of consumers`);
    const request = ++this.#asked;
    const answered = new Promise<string | undefined>((settle) => this.#waiting.set(request, settle));
    this.#channel.send({ type: 'scale', request, members, reason: String(reason) });
    const problem = await answered;
    this.#waiting.delete(request);
    if (problem !== undefined) throw new Error(problem);
  }

  /** A look that is not made of numbers, from a driver that no type checker has seen, is no look. */
  tell({ needed, ratePerSec, backlog, serviceMs }: ScalingLook): void {
    const look = { needed, ratePerSec, backlog, serviceMs };
    if (Object.values(look).every(Number.isFinite)) this.#channel.send({ type: 'look', look });
  }
}
