import { deepEqual, equal, ok } from 'node:assert/strict';
import { systemClock } from '../clock.js';
import { ConformanceBed, type ConformanceTarget, content, sampleMessages } from './conformance-bed.js';

export type { ConformanceTarget } from './conformance-bed.js';

/** One rule of the driver interface. */
export interface ConformanceCheck {
  readonly name: string;
  /** Rejects, with what was expected, when the driver breaks the rule. */
  run(target: ConformanceTarget): Promise<void>;
}

const COUNT = 200;
const MEMBERS = 3;
/** Over every key. */
const MORE = 10;
const FINAL_PLACES: ReadonlySet<string> = new Set(['dead-letters', 'quarantine']);

/**
 * The rules of docs/reference/driver.md on a system that is healthy, for any test runner. A scenario with faults shows
 * the rest: see the guide.
 */
export const CONFORMANCE_CHECKS: readonly ConformanceCheck[] = [
  check('a new topic is empty', async (bed) => {
    await bed.prepare();
    deepEqual((await bed.inventory()) ?? [], []);
  }),

  check('every message is answered once and delivered once, as it was sent', async (bed) => {
    await bed.prepare();
    const messages = sampleMessages(COUNT);
    await bed.publish(messages);
    const seen: string[] = [];
    const attempts = new Set<number>();
    await bed.consume(
      (message) => {
        seen.push(content(message));
        attempts.add(message.attempt);
      },
      'every message is delivered',
      () => seen.length >= COUNT,
    );
    deepEqual(seen.toSorted(), messages.map(content).toSorted());
    deepEqual([...attempts], [1], 'attempt is 1 for the first delivery');
  }),

  check('a message without a key is delivered without one', async (bed) => {
    await bed.prepare();
    const messages = sampleMessages(COUNT).map((message) => ({ ...message, key: undefined }));
    await bed.publish(messages);
    const seen: string[] = [];
    const handler = (message: Parameters<typeof content>[0]) => void seen.push(content(message));
    await bed.consume(handler, 'every message is delivered', () => seen.length >= COUNT);
    deepEqual(seen.toSorted(), messages.map(content).toSorted());
  }),

  check('the inventory lists what is not settled, message by message, and nothing else', async (bed) => {
    await bed.prepare();
    const messages = sampleMessages(COUNT);
    await bed.publish(messages);
    const held = await bed.inventory();
    if (held === undefined) return;
    const expected = messages.map(({ id, payload }) => content({ id, key: undefined, payload }));
    deepEqual(held.map(({ id, payload }) => content({ id, key: undefined, payload })).toSorted(), expected.toSorted());
    equal(
      held.find(({ place }) => FINAL_PLACES.has(place)),
      undefined,
      'nothing was given up on',
    );
    let handled = 0;
    await bed.consume(
      () => void handled++,
      'every message is delivered',
      () => handled >= COUNT,
    );
    deepEqual(await bed.inventory(), [], 'what was handled is settled when consume() has ended');
  }),

  check("ordering: 'key' is kept, one message of a key at a time", async (bed) => {
    const { capabilities } = await bed.prepare();
    if (capabilities.ordering !== 'key') return;
    await bed.publish(sampleMessages(COUNT));
    const last = new Map<string | undefined, number>();
    const inHand = new Set<string | undefined>();
    const wrong: string[] = [];
    let handled = 0;
    await bed.consume(
      async ({ id, key }) => {
        const number = Number(id.slice(2));
        if (inHand.has(key)) wrong.push(`${id} beside another message of ${key}`);
        if (number <= (last.get(key) ?? -1)) wrong.push(`${id} after m-${last.get(key)} of ${key}`);
        inHand.add(key);
        last.set(key, number);
        await systemClock.sleep(1);
        inHand.delete(key);
        handled++;
      },
      'every message is delivered',
      () => handled >= COUNT,
    );
    deepEqual(wrong, []);
  }),

  check('severalMembers: consume() called several times at once shares the messages out', async (bed) => {
    const { capabilities } = await bed.prepare();
    if (capabilities.severalMembers !== true) return;
    await bed.publish(sampleMessages(COUNT));
    let count = COUNT;
    const seen: string[] = [];
    const served = new Set<number>();
    const handlers = Array.from({ length: MEMBERS }, (_, member) => ({ id }: { id: string }) => {
      served.add(member);
      seen.push(id);
    });
    const isDone = () => served.size === MEMBERS && new Set(seen).size >= count;
    const consuming = bed.consume(handlers, 'every member is served, and every message delivered', isDone);
    let isOver = false;
    const over = () => {
      isOver = true;
    };
    const watched = consuming.then(over, over);
    // Who joined last may find that the others have handled everything.
    while (served.size < MEMBERS && !isOver) {
      count += MORE;
      await bed.publish(sampleMessages(MORE, count - MORE));
    }
    await watched;
    await consuming;
    equal(seen.length, count, 'every message is delivered to one of the members');
  }),

  check('a message whose handler fails is handed out again', async (bed) => {
    const { capabilities } = await bed.prepare();
    if (capabilities.maxAttempts === 1) return;
    await bed.publish(sampleMessages(COUNT));
    const failed = new Set<string>();
    const done = new Set<string>();
    await bed.consume(
      async ({ id }) => {
        if (Number(id.slice(2)) % 20 === 0 && !failed.has(id)) {
          failed.add(id);
          throw new Error('this time only');
        }
        done.add(id);
      },
      'every message is handled in the end',
      () => done.size === COUNT,
    );
    deepEqual((await bed.inventory()) ?? [], []);
  }),

  check('a message that fails for good is given up on, and the others are not', async (bed) => {
    await bed.prepare();
    await bed.publish(sampleMessages(COUNT));
    const done = new Set<string>();
    let failures = 0;
    await bed.consume(
      async ({ id }) => {
        if (id === 'm-7') {
          failures++;
          throw Object.assign(new Error('no retry can help'), { permanent: true });
        }
        done.add(id);
      },
      'all others are handled',
      () => failures > 0 && done.size === COUNT - 1,
    );
    const held = await bed.inventory();
    if (held === undefined) return;
    deepEqual(
      held.map(({ id }) => id),
      ['m-7'],
    );
    ok(FINAL_PLACES.has(held[0]!.place), `m-7 is in ${held[0]!.place}; dead-letters or quarantine was expected`);
  }),

  check('nothing is handed out after consume() has ended, and what was in hand is finished first', async (bed) => {
    await bed.prepare();
    await bed.publish(sampleMessages(COUNT));
    let begun = 0;
    let finished = 0;
    await bed.consume(
      async () => {
        begun++;
        await systemClock.sleep(20);
        finished++;
      },
      'a message is delivered',
      () => begun > 0,
    );
    equal(finished, begun, 'every handling that began has finished');
    const first = begun;
    const held = await bed.inventory();
    equal(begun, first);
    if (held !== undefined) equal(held.length, COUNT - finished, 'what was not handled is still there');
  }),

  check(
    'an autoscaler asks for as many consumers as its limits allow, and looks until it is asked to stop',
    async (bed) => {
      await bed.prepare();
      // Nobody is there yet: at least the fewest have to be.
      const asked = (await bed.autoscale({ min: 2, max: 3 })) ?? [];
      ok(
        asked.every((members) => members === 2 || members === 3),
        `it asked for ${asked.join(', ')} consumers; 2 to 3 are allowed`,
      );
    },
  ),

  check('everything can be disposed of twice', async (bed) => {
    const driver = await bed.prepare();
    await driver[Symbol.asyncDispose]();
    await driver[Symbol.asyncDispose]();
    const untouched = await bed.driver('producer');
    await untouched[Symbol.asyncDispose]();
  }),
];

function check(name: string, body: (bed: ConformanceBed) => Promise<void>): ConformanceCheck {
  return {
    name,
    async run(target) {
      await using bed = new ConformanceBed(target);
      await body(bed);
    },
  };
}
