import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { GroupFailures, MessageBroker } from '../../../../broker/index.js';
import { collect, freshTopic, numbered, publishAll } from '../../../fixtures/broker-bed.js';
import { type OperatorBed, openOperatorBed } from '../../../fixtures/operator-bed.js';
import { eventually } from '../../../fixtures/redis-server.js';

let bed: OperatorBed;
let broker: MessageBroker;
beforeAll(async () => {
  bed = await openOperatorBed();
  ({ broker } = bed);
});
afterAll(() => bed[Symbol.asyncDispose]());

const failures = (...args: string[]) => bed.run(['failures', ...args]);

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
