import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { MessageBroker } from '../../../broker/index.js';
import { groupKeys } from '../../../broker/log/keys.js';
import { collect, connect, freshTopic, numbered, publishAll } from '../../fixtures/broker-bed.js';
import { eventually, RedisServer } from '../../fixtures/redis-server.js';

const SCRIPT = fileURLToPath(new URL('../../fixtures/deadly-consumer.ts', import.meta.url));

let server: RedisServer;
let broker: MessageBroker;
const supervised = new Set<Supervised>();
beforeAll(async () => {
  server = await RedisServer.start();
  ({ broker } = await connect(server));
});
afterEach(async () => {
  await Promise.all([...supervised].map((one) => one.stop()));
});
afterAll(async () => {
  await broker.close();
  await server[Symbol.asyncDispose]();
});

/** A consumer that is started again whenever it ends. */
class Supervised {
  readonly exits: (number | NodeJS.Signals | null)[] = [];
  readonly #args: readonly string[];
  readonly #lines: string[];
  #child!: ChildProcess;
  #isStopped = false;

  constructor(args: readonly string[], lines: string[]) {
    this.#args = args;
    this.#lines = lines;
    this.#start();
    supervised.add(this);
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    supervised.delete(this);
    const child = this.#child;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const closed = new Promise((resolve) => child.once('close', resolve));
    child.kill('SIGKILL');
    await closed;
  }

  #start(): void {
    const args = ['--import', import.meta.resolve('tsx'), SCRIPT, ...this.#args];
    this.#child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    createInterface({ input: this.#child.stdout! }).on('line', (line) => this.#lines.push(line));
    this.#child.once('close', (code, signal) => {
      if (this.#isStopped) return;
      this.exits.push(code ?? signal);
      this.#start();
    });
  }
}

/** Two consumers, which `deadly` is the end of. */
async function groupOf(handlerMs: number, deadly: string) {
  const topic = freshTopic();
  await broker.createTopic(topic, { partitions: 2 });
  const lines: string[] = [];
  const args = [String(server.port), topic, 'g', String(handlerMs), deadly];
  const consumers = [new Supervised(args, lines), new Supervised(args, lines)];
  const ended = () => new Set(lines.filter((line) => line.startsWith('end')).map((line) => line.slice(4)));
  const started = (id: string) => lines.filter((line) => line === `start ${id}`).length;
  const letters = await broker.deadLetters(topic, 'g');
  const aside = () => collect(letters.list({ shelf: 'quarantine' }));
  return { topic, consumers, ended, started, aside };
}

describe('a message that ends the process that handles it', () => {
  it('is set aside after two deaths that it is named for, and nothing else is', async () => {
    const { topic, consumers, ended, started, aside } = await groupOf(2, 'm77');
    await publishAll(broker, topic, numbered(200, 20));
    await eventually(async () => (await aside()).length > 0);
    await eventually(() => ended().size === 199);
    await eventually(async () => (await collect(broker.inventory(topic, 'g'))).length === 1);
    const [letter, ...others] = await aside();
    expect(others).toEqual([]);
    expect(letter).toMatchObject({ id: 'm77', attempts: 0, evidence: { reason: 'killer' } });
    expect(letter!.reason).toBe('killer: 2 consumers died while they handled it');
    expect(new Set(letter!.evidence!.kills!.map(({ consumer }) => consumer)).size).toBe(2);
    // Before it was named for one it may have been the end of two, as in docs/guide/poison.md.
    expect(started('m77')).toBeLessThanOrEqual(4);
    expect(consumers.flatMap(({ exits }) => exits)).toEqual(Array(started('m77')).fill(1));
  });
});

describe('an operator that kills a process in the middle of its work', () => {
  it('sets nothing aside', async () => {
    const { topic, consumers, ended, aside } = await groupOf(40, 'none');
    await publishAll(broker, topic, numbered(400, 40));
    for (const [i, consumer] of consumers.entries()) {
      await eventually(() => ended().size > 100 * i);
      consumer.kill();
    }
    await eventually(() => ended().size === 400);
    await eventually(async () => (await collect(broker.inventory(topic, 'g'))).length === 0);
    expect(await aside()).toEqual([]);
    await using probe = server.client();
    for (const partition of [0, 1]) {
      const row = await probe.redis.hgetall(groupKeys(topic, partition, 'g').lease);
      expect(Object.keys(row).filter((field) => field.startsWith('kill:'))).toEqual([]);
    }
  });
});
