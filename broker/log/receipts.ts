import type { Durability } from './message.js';
import type { PublishOutcome } from './outgoing-frame.js';

/** The `accepted` outcomes of one partition: made once for each number of replicas, shared by all messages. */
export class Receipts {
  readonly #partition: number;
  readonly #durability: Durability;
  readonly #stored: PublishOutcome[] = [];
  readonly #duplicate: PublishOutcome[] = [];

  constructor(partition: number, durability: Durability) {
    this.#partition = partition;
    this.#durability = durability;
  }

  stored(replicas: number): PublishOutcome {
    this.#stored[replicas] ??= this.#make({ replicas });
    return this.#stored[replicas]!;
  }

  /** Not stored, since its `dedupeId` was. */
  duplicate(replicas: number): PublishOutcome {
    this.#duplicate[replicas] ??= this.#make({ replicas, duplicate: true });
    return this.#duplicate[replicas]!;
  }

  #make(fields: { readonly replicas: number; readonly duplicate?: true }): PublishOutcome {
    const receipt = Object.freeze({ partition: this.#partition, durability: this.#durability, ...fields });
    return { kind: 'accepted', receipt };
  }
}
