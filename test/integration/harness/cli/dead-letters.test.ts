import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DeadLetter, MessageBroker } from '../../../../broker/index.js';
import { collect, freshTopic, Journal, numbered, publishAll } from '../../../fixtures/broker-bed.js';
import { type OperatorBed, openOperatorBed } from '../../../fixtures/operator-bed.js';
import { eventually } from '../../../fixtures/redis-server.js';

let bed: OperatorBed;
let broker: MessageBroker;
beforeAll(async () => {
  bed = await openOperatorBed();
  ({ broker } = bed);
});
afterAll(() => bed[Symbol.asyncDispose]());

/** A topic with six dead letters of two causes, and nobody who handles them. */
async function givenUp(): Promise<string> {
  const topic = freshTopic();
  await broker.createTopic(topic, { partitions: 1 });
  const fail = ({ id, key }: { id: string; key: string | undefined }) => {
    throw key === 'k0' ? new TypeError(`no price for ${id}`) : new Error(`shop \u001b[2J${id} is closed`);
  };
  await using _ = await broker.subscribe(topic, 'g', fail, { maxAttempts: 1 });
  await publishAll(broker, topic, numbered(6, 3));
  const letters = await broker.deadLetters(topic, 'g');
  await eventually(async () => (await collect(letters.list())).length === 6);
  return topic;
}

const dlq = (...args: string[]) => bed.run(['dlq', ...args]);

describe('gauntlet broker dlq', () => {
  it('shows causes, letters and one of them, whatever characters are in it', async () => {
    const topic = await givenUp();
    const causes = await dlq('causes', topic, 'g');
    expect(causes.stdout.split('\n')[0]).toMatch(/^[0-9a-f]{12} +4 .* Error: shop \ufffd\[2Jm\d is closed$/);
    const few = await dlq('list', topic, 'g', '--limit', '2', '--json');
    expect(few.stderr).toMatch(/and more/);
    const [first] = few.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as DeadLetter);
    const one = await dlq('inspect', topic, 'g', first!.ref);
    expect(one.stdout).toMatch(/id: m0\n.*reason: TypeError: no price for m0\n.*payload:\npayload of m0\n$/s);
  });

  it('puts back what was named, and throws away what was named with a yes', async () => {
    const topic = await givenUp();
    const [cause] = JSON.parse((await dlq('causes', topic, 'g', '--json')).stdout) as { fingerprint: string }[];
    const dry = await dlq('redrive', topic, 'g', '--fingerprint', cause!.fingerprint, '--dry-run');
    expect(dry).toMatchObject({ code: 0, stdout: '4 would be put back\n' });
    const journal = new Journal();
    await using _ = await broker.subscribe(topic, 'g', journal.record);
    const redriven = await dlq('redrive', topic, 'g', '--fingerprint', cause!.fingerprint, '--rate', '1000');
    expect(redriven).toMatchObject({ code: 0, stdout: '4 put back\n' });
    await eventually(() => journal.handled.length === 4);
    expect(await dlq('purge', topic, 'g', '--all', '--yes')).toMatchObject({ code: 0, stdout: '2 thrown away\n' });
    expect(await dlq('list', topic, 'g')).toMatchObject({ code: 0, stdout: '', stderr: 'none\n' });
  });

  it('says that the canary failed, and keeps the others', async () => {
    const topic = await givenUp();
    const fail = () => Promise.reject(new Error('still broken'));
    await using _ = await broker.subscribe(topic, 'g', fail, { maxAttempts: 1 });
    const redriven = await dlq('redrive', topic, 'g', '--all');
    expect(redriven.code).toBe(1);
    expect(redriven.stdout).toMatch(/^1 put back; stopped: a canary failed again/);
    const letters = await broker.deadLetters(topic, 'g');
    expect((await collect(letters.list())).map(({ attempts }) => attempts)).toEqual([1, 1, 1, 1, 1, 2]);
  });

  it('releases and discards what lies in quarantine, and shows who did it and why', async () => {
    const topic = freshTopic();
    await broker.createTopic(topic, { partitions: 1 });
    const letters = await broker.deadLetters(topic, 'g');
    {
      await using _ = await broker.subscribe(topic, 'g', () => {}, { maxMessageBytes: 10 });
      await publishAll(broker, topic, numbered(2, 1));
      await eventually(async () => (await collect(letters.list({ shelf: 'quarantine' }))).length === 2);
    }
    const [first] = await collect(letters.list({ shelf: 'quarantine' }));
    const one = await dlq('inspect', topic, 'g', first!.ref, '--quarantine');
    expect(one.stdout).toMatch(/reason: oversized\n.*set aside by: \S+\n.*payload of m0\n$/s);
    const journal = new Journal();
    await using _ = await broker.subscribe(topic, 'g', journal.record);
    const released = await dlq('release', topic, 'g', first!.ref, '--by', 'ada', '--reason', 'fixed');
    expect(released).toMatchObject({ code: 0, stdout: '1 put back\n' });
    await eventually(() => journal.ids.includes('m0'));
    const unfounded = await dlq('discard', topic, 'g', '--all', '--yes');
    expect(unfounded).toMatchObject({ code: 2, stderr: expect.stringContaining("give a '{ reason }'") });
    const discarded = await dlq('discard', topic, 'g', '--all', '--yes', '--reason', 'test data');
    expect(discarded).toMatchObject({ code: 0, stdout: '1 thrown away\n' });
    const { stdout } = await dlq('audit', topic, 'g');
    expect(stdout).toMatch(/ release by ada .*"redriven":1.* \(fixed\)\n.* discard by \S+ .* 1 {2}\(test data\)\n$/s);
  });

  it('refuses what is not clear, with the remedy', async () => {
    const topic = await givenUp();
    const refused: readonly (readonly [args: string[], code: number, message: RegExp])[] = [
      [['redrive', topic, 'g'], 2, /which dead letters\? Give refs, --fingerprint or --older-than, or --all/],
      [['redrive', topic, 'g', '--all', '--fingerprint', 'x'], 2, /not both/],
      [['redrive', topic, 'g', '--all', '--rate', '0'], 2, /perSecond is 0; expected a number above 0/],
      [['purge', topic, 'g', '--all'], 2, /give --yes to go on/],
      [['inspect', topic, 'g', '0/1-1'], 2, /there is no 0\/1-1; 'gauntlet broker dlq list' shows/],
      [['inspect', topic, 'g', 'm0'], 2, /'m0' names no dead letter: expected <partition>\/<entry>/],
      [['list', topic, 'g', '--older-than', '3x'], 2, /Expected a duration, such as 90m, 12h or 30d/],
      [['list', 'no-such-topic', 'g'], 2, /topic 'no-such-topic' does not exist/],
      [['list', topic, 'g', '--sentinels', 'nowhere'], 2, /'nowhere' is no address; expected host:port/],
      [['list', topic, 'g', '--sentinels', 'a:1', '--cluster', 'b:2'], 2, /one of them/],
    ];
    const answers = await Promise.all(refused.map(([args]) => dlq(...args)));
    for (const [i, [, code, message]] of refused.entries()) {
      expect(answers[i]!.stderr).toMatch(message);
      expect(answers[i]!.code).toBe(code);
    }
    expect(await dlq('list', topic, 'g')).toMatchObject({ code: 0 });
  });
});
