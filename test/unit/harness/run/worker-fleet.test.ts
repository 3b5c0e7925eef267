import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../../harness/clock.js';
import type { RunContext } from '../../../../harness/load/run-context.js';
import { WorkerFleet } from '../../../../harness/run/worker-fleet.js';
import { temporaryFolders } from '../../../fixtures/temporary-folder.js';

const temporaryFolder = temporaryFolders();

describe('a fleet', () => {
  it('tells of a consumer whose process could not even be made: nothing of it ever ends', async () => {
    const context = {
      scenario: { consumers: { workers: 1, members: 1, autoscale: { max: 2 } }, system: { driver: 'null' } },
      logDir: join(temporaryFolder(), 'missing'),
      registry: { add: () => {}, remove: () => {} },
      clock: systemClock,
    } as unknown as RunContext;
    const told: [string, string][] = [];
    const onNotStarted = (worker: string, reason: string) => told.push([worker, reason]);
    await using fleet = new WorkerFleet(context, { onStats: () => {}, onEnd: () => {}, onNotStarted });
    await fleet.scaleConsumers(2);
    expect(told).toEqual([['consumer-2', expect.stringContaining('ENOENT')]]);
    expect(fleet.crashes()).toEqual([]);
  });
});
