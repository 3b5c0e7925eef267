import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { MessageBroker } from '../../../broker/index.js';
import { collect, connect, freshTopic, Journal, message, numbered, publishAll } from '../../fixtures/broker-bed.js';
import { eventually, RedisServer } from '../../fixtures/redis-server.js';

let server: RedisServer;
let broker: MessageBroker;
const children = new Set<ChildProcess>();
beforeAll(async () => {
  server = await RedisServer.start();
  ({ broker } = await connect(server));
});
afterEach(async () => {
  await Promise.all([...children].map(killed));
});
afterAll(async () => {
  await broker.close();
  await server[Symbol.asyncDispose]();
});

describe('a consumer that is killed', () => {
  it('leaves everything unsettled to the next one, in order, and nothing that was settled', async () => {
    const topic = freshTopic();
    await broker.createTopic(topic, { partitions: 4 });
    const messages = numbered(600, 12);
    await publishAll(broker, topic, messages);
    const handled: string[] = [];
    for (let kill = 0; kill < 3; kill++) {
      const { lines, child } = consumer(topic, 'g', 2);
      await eventually(() => lines.filter((line) => line.startsWith('end')).length >= 100);
      await killed(child);
      handled.push(...ended(lines));
    }
    const journal = new Journal();
    await using _ = await broker.subscribe(topic, 'g', journal.record);
    await eventually(() => new Set([...handled, ...journal.ids]).size === messages.length);
    await eventually(async () => (await collect(broker.inventory(topic, 'g'))).length === 0);
    const all = [...handled, ...journal.ids];
    // Handled twice: at most what was in flight or gathered for settling at each kill.
    expect(all.length - messages.length).toBeLessThan(300);
    for (let k = 0; k < 12; k++) {
      const first = [...new Set(all)].filter((id) => Number(id.slice(1)) % 12 === k);
      expect(first).toEqual(messages.filter(({ key }) => key === `k${k}`).map(({ id }) => id));
    }
  });

  it('leaves its retries with their attempts, still before the later messages of their key', async () => {
    const topic = freshTopic();
    await broker.createTopic(topic, { partitions: 1 });
    await publishAll(broker, topic, [message('stuck', 'a'), message('behind', 'a'), message('beside', 'b')]);
    const { lines, child } = consumer(topic, 'g', 0, 'stuck');
    await eventually(() => lines.some((line) => line.startsWith('start stuck 4')));
    await killed(child);
    expect(ended(lines)).toEqual(['beside']);
    await eventually(async () => (await collect(broker.inventory(topic, 'g'))).some(({ place }) => place === 'retry'));
    const journal = new Journal();
    await using _ = await broker.subscribe(topic, 'g', journal.record);
    await eventually(() => journal.handled.length === 2);
    expect(journal.ids).toEqual(['stuck', 'behind']);
    // The record of the last failure may have died with the process.
    expect(journal.handled[0]!.attempt).toBeGreaterThanOrEqual(3);
    await eventually(async () => (await collect(broker.inventory(topic, 'g'))).length === 0);
  });
});

function consumer(
  topic: string,
  group: string,
  handlerMs: number,
  failing = '',
): { lines: string[]; child: ChildProcess } {
  const script = fileURLToPath(new URL('../../fixtures/broker-consumer.ts', import.meta.url));
  const args = [
    '--import',
    import.meta.resolve('tsx'),
    script,
    String(server.port),
    topic,
    group,
    String(handlerMs),
    failing,
  ];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  children.add(child);
  const lines: string[] = [];
  createInterface({ input: child.stdout! }).on('line', (line) => lines.push(line));
  return { lines, child };
}

/** Resolves when the process has ended and all it wrote was read. */
async function killed(child: ChildProcess): Promise<void> {
  children.delete(child);
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = new Promise((resolve) => child.once('close', resolve));
  child.kill('SIGKILL');
  await closed;
}

function ended(lines: readonly string[]): string[] {
  return lines.filter((line) => line.startsWith('end')).map((line) => line.split(' ')[1]!);
}
