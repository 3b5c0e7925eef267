import { describe, expect, it } from 'vitest';
import { prepareSystem } from '../../../../harness/load/prepare-system.js';
import { readInventory } from '../../../../harness/load/read-inventory.js';
import { temporaryFolders } from '../../../fixtures/temporary-folder.js';
import { MOODY, openWorkerBed } from '../../../fixtures/worker-bed.js';

const folder = temporaryFolders();
const never = new AbortController().signal;

describe('prepareSystem', () => {
  it('lets the driver prepare, in a process that ends, and says what it is', async () => {
    await using bed = openWorkerBed(folder(), { driver: MOODY });
    expect(await prepareSystem(bed.context, never)).toEqual({
      name: 'moody',
      version: '1',
      capabilities: { ordering: 'none', inventory: true, redeliveryAfterMs: 0, severalMembers: true },
    });
    expect(bed.pids.size).toBe(0);
  });

  it('says why the driver could not', async () => {
    await using bed = openWorkerBed(folder(), { driver: MOODY, options: { mood: 'control:refuse' } });
    await expect(prepareSystem(bed.context, never)).rejects.toMatchObject({
      code: 'driver',
      message: expect.stringMatching(/could not prepare the system: topic exists. See .*control.log/),
    });
  });

  it('ends its process when the run is given up', async () => {
    await using bed = openWorkerBed(folder(), { driver: MOODY });
    const run = new AbortController();
    const prepared = prepareSystem(bed.context, run.signal);
    run.abort(new Error('given up'));
    await expect(prepared).rejects.toThrow('given up');
    expect(bed.pids.size).toBe(0);
  });
});

describe('readInventory', () => {
  it('reads back what the system holds in a fresh process', async () => {
    await using bed = openWorkerBed(folder(), { driver: MOODY });
    expect(await readInventory(bed.context, never)).toEqual({
      stable: true,
      scans: 2,
      problem: undefined,
      items: [{ ordinal: 7, place: 'dead-letters', copies: 1, corrupt: false }],
    });
    expect(bed.pids.size).toBe(0);
  });

  it.each([
    ['a driver that ends the process', 'inventory:exit', /it ended by exit code 1/],
    ['a driver that cannot be created', 'inventory:throw-at-once', /no such cluster/],
  ])('finds nothing with %s', async (_, mood, problem) => {
    await using bed = openWorkerBed(folder(), { driver: MOODY, options: { mood } });
    expect(await readInventory(bed.context, never)).toEqual({
      stable: false,
      scans: 0,
      problem: expect.stringMatching(problem),
      items: [],
    });
  });
});
