import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { GroupFailures, MessageBroker } from '../../../../broker/index.js';
import { collect, connect, freshTopic, numbered, publishAll } from '../../../fixtures/broker-bed.js';
import { type CliBed, openCliBed } from '../../../fixtures/cli-bed.js';
import { eventually, RedisServer } from '../../../fixtures/redis-server.js';

let server: RedisServer;
let broker: MessageBroker;
const bed: CliBed = openCliBed();
beforeAll(async () => {
  server = await RedisServer.start();
  ({ broker } = await connect(server));
});
afterAll(async () => {
  await broker.close();
  await bed[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

async function failures(...args: string[]): Promise<{ code: unknown; stdout: string; stderr: string }> {
  const cli = bed.gauntlet(['broker', 'failures', ...args], { GAUNTLET_REDIS_URL: `redis://127.0.0.1:${server.port}` });
  const code = await cli.ended;
  return { code, stdout: cli.stdout(), stderr: cli.stderr() };
}

describe('gauntlet broker failures', () => {
  it('says what dead letters and waiting retries have in common, and what it had to assume', async () => {
    const topic = freshTopic();
    await broker.createTopic(topic, { partitions: 2 });
    const fail = ({ id, key }: { id: string; key: string | undefined }) => {
      if (key === 'k0') throw new TypeError(`no price for \u001b[2J${id}`);
    };
    const options = { maxAttempts: 3, retryBaseMs: 1, ordering: 'none' } as const;
    const subscription = await broker.subscribe(topic, 'g', fail, options);
    await publishAll(broker, topic, numbered(60, 5));
    const letters = await broker.deadLetters(topic, 'g');
    await eventually(async () => (await collect(letters.list())).length === 12);
    await subscription.close();
    const shown = await failures(topic, 'g');
    expect(shown.code).toBe(0);
    expect(shown.stdout).toMatch(/^TypeError: no price for .*\n {2}unclear: 36 failures of 12 messages/);
    expect(shown.stdout).toMatch(/one key k0: 100 % of what fails, 10 % of what passes/);
    expect(shown.stderr).toMatch(/note: the logs hold too little to compare with: a key is taken to have a tenth/);
    expect(shown.stderr).toMatch(/note: how much was handled then is not known/);
    const json = JSON.parse((await failures(topic, 'g', '--json')).stdout) as GroupFailures;
    expect(json).toMatchObject({ messages: 12, patterns: [{ findings: [{ kind: 'one-key', value: 'k0' }] }] });
  });

  it('says that there is nothing, or no such topic', async () => {
    const topic = freshTopic();
    await broker.createTopic(topic, { partitions: 1 });
    expect(await failures(topic, 'g')).toMatchObject({
      code: 0,
      stdout: '',
      stderr: 'no pattern in 0 messages that failed\n',
    });
    expect(await failures('no-such-topic', 'g')).toMatchObject({ code: 2 });
  });
});
