import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../../harness/clock.js';
import { STORED_PLACES, type StoredMessage, type StoredPlace } from '../../../../harness/drivers/driver.js';
import { NO_ORDINAL } from '../../../../harness/ledger/record.js';
import { scanUntilStable } from '../../../../harness/load/inventory-scan.js';
import { messageId, PayloadBuilder } from '../../../../harness/load/payload.js';
import { planLoad } from '../../../../harness/load/plan.js';
import { loadScenario, NONCE } from '../../../fixtures/load-scenario.js';

const plan = planLoad(loadScenario());
const builder = new PayloadBuilder(NONCE, 64);
const never = new AbortController().signal;

function stored(ordinal: number, place: StoredPlace): StoredMessage {
  const payload = builder.write(builder.allocate(1), 0, ordinal, plan.key[ordinal]!, 0);
  return { id: messageId(NONCE, ordinal), payload, place };
}

function scan(inventory: (signal: AbortSignal) => AsyncIterable<StoredMessage>, deadlineMs = 60_000) {
  return scanUntilStable({ inventory }, { plan, nonce: NONCE, clock: systemClock, deadlineMs }, never);
}

describe('scanUntilStable', () => {
  it('counts copies by message, place and soundness', async () => {
    const foreign = { ...stored(3, 'log'), payload: Buffer.from('somebody else'), id: 'theirs' };
    const swapped = { ...stored(4, 'retry'), payload: stored(5, 'retry').payload };
    const reading = await scan(async function* () {
      yield* [stored(7, 'dead-letters'), stored(1, 'log'), stored(1, 'log'), stored(1, 'pending'), foreign, swapped];
    });
    expect(reading).toMatchObject({ stable: true, scans: 2, problem: undefined });
    const items = Array.from(reading.ordinals, (ordinal, i) => [
      ordinal,
      STORED_PLACES[reading.place[i]!],
      reading.copies[i],
      reading.corrupt[i],
    ]);
    expect(items).toEqual([
      [1, 'log', 2, 0],
      [1, 'pending', 1, 0],
      [5, 'retry', 1, 1],
      [7, 'dead-letters', 1, 0],
      [NO_ORDINAL, 'log', 1, 1],
    ]);
  });

  it('goes on until two scans in a row agree, and the last one counts', async () => {
    let scans = 0;
    const reading = await scan(async function* () {
      scans++;
      if (scans < 3) yield stored(scans, 'log');
      else yield stored(9, 'log');
    });
    expect(reading).toMatchObject({ stable: true, scans: 4, ordinals: Uint32Array.of(9) });
  });

  it('finds nothing in an inventory that keeps changing', async () => {
    let scans = 0;
    const reading = await scan(async function* () {
      yield stored(scans++, 'log');
    }, 700);
    expect(reading).toMatchObject({ stable: false, ordinals: Uint32Array.of() });
    expect(reading.problem).toMatch(/no two in a row were alike within 0.7 s/);
  });

  it('finds nothing in an inventory that hangs, whatever it does with the signal', async () => {
    const reading = await scan(async function* () {
      await new Promise(() => {});
    }, 50);
    expect(reading).toMatchObject({ stable: false, scans: 0, problem: 'it did not end within 0.05 s' });
  });

  it('finds nothing in an inventory that throws, or names an unknown place', async () => {
    const thrown = await scan(async function* () {
      yield stored(1, 'log');
      throw new Error('no connection');
    });
    expect(thrown).toMatchObject({ stable: false, problem: 'no connection', ordinals: Uint32Array.of() });
    const misplaced = await scan(async function* () {
      yield stored(1, 'attic' as StoredPlace);
    });
    expect(misplaced).toMatchObject({ stable: false });
    expect(misplaced.problem).toMatch(/a place attic/);
  });
});
