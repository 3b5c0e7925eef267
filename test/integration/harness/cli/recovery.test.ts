import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { MessageBroker } from '../../../../broker/index.js';
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

const PLAYBOOKS = `
- name: put-back
  when: { on: dead-letters-quiet, quietForMs: 500 }
  steps:
    - { do: redrive, canaries: 1, limit: 1 }
    - { do: redrive, perSecond: 1000 }
  goneForMs: 0
`;

const recovery = (...args: string[]) => bed.start(['recovery', ...args]);

/** A command that ends by itself. */
const ended = (...args: string[]) => bed.run(['recovery', ...args]);

/** A topic with dead letters whose cause is mended. */
async function mended(journal: Journal): Promise<string> {
  const topic = freshTopic();
  let isBroken = true;
  await broker.createTopic(topic, { partitions: 1 });
  await broker.subscribe(
    topic,
    'g',
    (message) => {
      if (isBroken) throw new Error('closed');
      journal.record(message);
    },
    { maxAttempts: 1 },
  );
  await publishAll(broker, topic, numbered(6, 3));
  const letters = await broker.deadLetters(topic, 'g');
  await eventually(async () => (await collect(letters.list())).length === 6);
  isBroken = false;
  return topic;
}

describe('gauntlet broker recovery', () => {
  it('carries playbooks out until Ctrl-C, and shows afterwards what was done', async () => {
    const journal = new Journal();
    const topic = await mended(journal);
    const file = join(bed.cli.dir, 'playbooks.yaml');
    writeFileSync(file, PLAYBOOKS);
    const run = recovery('run', topic, 'g', '--playbooks', file);
    await eventually(() => /put-back .*recovered/.test(run.stdout()));
    await eventually(() => journal.handled.length === 6);
    const status = await ended('status', topic, 'g');
    expect(status.stdout).toMatch(/^leader: \w+\n.* {2}put-back {2}\w+ {2}recovered {2}5 put back\n$/);
    run.child.kill('SIGINT');
    expect(await run.ended).toBe(0);
    const audit = await ended('audit', topic, 'g', '--json');
    const whats = audit.stdout
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { what: string }).what);
    expect(whats).toEqual(['step 1: redrive', 'done', 'step 2: redrive', 'done', 'recovered']);
  });

  it('is switched off, with who and why, and on again', async () => {
    const topic = freshTopic();
    await broker.createTopic(topic, { partitions: 1 });
    expect(await ended('off', topic, 'g', '--by', 'ann', '--why', 'mi\u001b[2Jgration')).toMatchObject({ code: 0 });
    const { stdout } = await ended('status', topic, 'g');
    expect(stdout).toMatch(/leader: nobody.*\nswitched off by ann at .*: mi\ufffd\[2Jgration\n/);
    expect(await ended('on', topic, 'g', '--by', 'ann')).toMatchObject({ code: 0 });
    expect((await ended('status', topic, 'g', '--json')).stdout).toMatch(/"off": null/);
  });

  it('says where a playbook is wrong, and exits with 2', async () => {
    const topic = freshTopic();
    await broker.createTopic(topic, { partitions: 1 });
    const file = join(bed.cli.dir, 'wrong.yaml');
    writeFileSync(file, PLAYBOOKS.replace('do: redrive, perSecond', 'do: reboot, perSecond'));
    const wrong = await ended('run', topic, 'g', '--playbooks', file);
    expect(wrong).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/playbooks\[0\]\.steps\[1\]\.do 'reboot': /),
    });
    writeFileSync(file, '- {');
    expect(await ended('run', topic, 'g', '--playbooks', file)).toMatchObject({ code: 2 });
    const missing = await ended('run', topic, 'g', '--playbooks', join(bed.cli.dir, 'none.yaml'));
    expect(missing).toMatchObject({ code: 2, stderr: expect.stringMatching(/none\.yaml: ENOENT/) });
    expect(await ended('off', topic, 'g')).toMatchObject({ code: 2, stderr: expect.stringMatching(/--why/) });
  });
});
