import type { Scaling } from '../../reports/scaling.js';
import { type Clock, NS_PER_MS } from '../clock.js';
import type { ConsumerLimits, ScalingLook } from '../drivers/driver.js';
import type { ReadySpan } from '../ledger/history.js';
import { readySteps } from '../ledger/ready-consumers.js';
import type { ScalingMessage, ToWorker } from '../load/protocol.js';

export interface AutoscalingOptions {
  readonly limits: ConsumerLimits;
  /** Resolves when it is done. */
  readonly scale: (consumers: number) => Promise<void>;
  readonly log: (text: string) => void;
  readonly clock: Pick<Clock, 'nowNs'>;
}

/** Has done what the system's autoscaler asks for, and keeps when it asked and what it saw. */
export class Autoscaling {
  readonly #options: AutoscalingOptions;
  readonly #asked: { readonly atNs: number; readonly consumers: number; readonly reason: string; refusal?: string }[] =
    [];
  readonly #looks: { readonly atNs: number; readonly look: ScalingLook }[] = [];

  constructor(options: AutoscalingOptions) {
    this.#options = options;
  }

  readonly onMessage = (message: ScalingMessage, reply: (message: ToWorker) => void): void => {
    const atNs = this.#options.clock.nowNs();
    switch (message.type) {
      case 'look':
        this.#looks.push({ atNs, look: message.look });
        return;
      case 'scale':
        void this.#scale(atNs, message).then((problem) => {
          reply({ type: 'scaled', request: message.request, ...(problem !== undefined && { problem }) });
        });
        return;
      default:
        message satisfies never;
    }
  };

  /** For the report, in milliseconds from `startNs`. */
  describe(startNs: number, ready: readonly ReadySpan[]): Scaling {
    const since = (ns: number) => (ns - startNs) / NS_PER_MS;
    return {
      limits: this.#options.limits,
      asked: this.#asked.map(({ atNs, ...rest }) => ({ atMs: since(atNs), ...rest })),
      ready: readySteps(ready).map(({ atNs, consumers }) => ({ atMs: since(atNs), consumers })),
      looks: this.#looks.map(({ atNs, look }) => ({ atMs: since(atNs), ...look })),
    };
  }

  /** Returns why it cannot be. */
  async #scale(atNs: number, { members, reason }: ScalingMessage & { type: 'scale' }): Promise<string | undefined> {
    const { limits, scale, log } = this.#options;
    const { min, max } = limits;
    if (members < min || members > max) {
      const refusal = `consumers ${members}: the scenario has ${min} to ${max}`;
      this.#asked.push({ atNs, consumers: members, reason, refusal });
      log(`scaling refused: ${refusal}`);
      return refusal;
    }
    const before = this.#asked.findLast(({ refusal }) => refusal === undefined)?.consumers ?? min;
    this.#asked.push({ atNs, consumers: members, reason });
    if (members !== before) log(`scaling from ${before} to ${members} consumers: ${reason}`);
    await scale(members);
    return undefined;
  }
}
