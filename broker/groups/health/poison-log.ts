import type { Delivery } from '../delivery.js';
import type { PoisonLoop } from './finding.js';

/** Members on which a message has to have failed. */
const SEVERAL = 2;
/** Loops that are remembered, and for how long after their last failure. */
const KEPT = 5;
const KEPT_MS = 60_000;

/** Messages that have failed here, and before on other members: their stored failures say where. */
export class PoisonLog {
  readonly #loops = new Map<string, { readonly loop: PoisonLoop; readonly atMs: number }>();

  /** A handling has failed, and is recorded with the message. Returns the loop where it is a new one. */
  failed({ failures, partition, id, key }: FailedDelivery, nowMs: number): PoisonLoop | undefined {
    const members = new Set(failures.map(({ consumer }) => consumer)).size;
    if (members < SEVERAL) return undefined;
    const isNew = !this.#loops.delete(id);
    const loop = { partition, id, key, attempts: failures.at(-1)!.attempt, members };
    this.#loops.set(id, { loop, atMs: nowMs });
    for (const oldest of this.#loops.keys()) if (this.#loops.size > KEPT) this.#loops.delete(oldest);
    return isNew ? loop : undefined;
  }

  recent(nowMs: number): PoisonLoop[] {
    for (const [id, { atMs }] of this.#loops) if (nowMs - atMs > KEPT_MS) this.#loops.delete(id);
    return [...this.#loops.values()].map(({ loop }) => loop);
  }
}

export type FailedDelivery = Pick<Delivery, 'failures' | 'partition' | 'id' | 'key'>;
