import type { Driver, MessageHandler } from '../drivers/driver.js';

/** What the members of one worker consume with. */
export interface MembersOfWorker {
  readonly members: number;
  readonly driver: Pick<Driver, 'consume'>;
  /** By member, from 0. */
  handlerOf(member: number): MessageHandler;
  /** Deliveries can begin to all of them. */
  onReady(): void;
}

/**
 * Consumes as so many members of the group, side by side, each with a `consume()` of its own, until `signal` aborts and all
 * have ended. Resolves early with the first that ends though nobody asked it to, and rejects with the first that fails: what
 * the others go on with would hide it.
 */
export async function consumeAs(worker: MembersOfWorker, signal: AbortSignal): Promise<void> {
  const { driver, members } = worker;
  const joining = new Set(Array.from({ length: members }, (_, member) => member));
  const lives = [...joining].map((member) => {
    const onJoined = () => {
      if (joining.delete(member) && joining.size === 0) worker.onReady();
    };
    return driver.consume!(worker.handlerOf(member), onJoined, signal);
  });
  await Promise.race(lives);
  if (signal.aborted) await Promise.all(lives);
}
