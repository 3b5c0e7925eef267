import { BrokerError } from '../../../broker/broker-error.js';
import type { DeadLetter } from '../../../broker/recovery/dead-letter.js';
import { connect, GROUP, type Stage, TOPIC } from './stage.js';

/** Somebody who puts back what the group has given up, whatever happens meanwhile. What fails is not tried again. */
export async function redriveAll(stage: Stage, name: string): Promise<void> {
  const { world, journal } = stage;
  const process = world.process(name, 1, 0);
  try {
    await using broker = await connect(stage, process);
    const letters = await broker.deadLetters(TOPIC, GROUP);
    const found: DeadLetter[] = [];
    for await (const letter of letters.list()) found.push(letter);
    // From here on each may be back, whether or not it is heard of.
    for (const { id } of found) journal.returned.add(id as string);
    const refs = found.map(({ ref }) => ref);
    const summary = await letters.redrive({ refs }, { canaries: 0, perSecond: 1_000 });
    journal.redriven += summary.redriven;
    world.trace(() => `the operator has put back ${JSON.stringify(summary)}`);
  } catch (error) {
    if (!(error instanceof BrokerError)) throw error;
    world.trace(() => `the operator has failed: ${error.code} ${error.message}`);
  } finally {
    process.kill();
  }
}
