import { z } from 'zod';
import type { Evidence, FaultKind } from './fault.js';
import { holdsOf } from './holds.js';
import { findStoredData, removeFiles, seeLoss } from './lost-data.js';
import {
  endInOrder,
  isGone,
  orderlyPid,
  processName,
  resolveProcess,
  serverPid,
  startAgain,
} from './process-target.js';

const params = z
  .strictObject({
    restart: processName,
    data: z
      .enum(['kept', 'lost'])
      .default('kept')
      .describe('lost: its data files are removed while it is down, so that it comes back empty.'),
  })
  .refine(({ restart, data }) => data === 'kept' || restart.startsWith('redis-'), {
    path: ['data'],
    message: 'kept, or a Redis node to restart: nobody else has data files',
  });

export const restart: FaultKind<z.output<typeof params>> = {
  name: 'restart',
  summary: 'Stops a process in order (SIGTERM) and starts it again at once, with its data or without.',
  example: '{ at: steady + 5s, restart: redis-1, data: lost }',
  params,
  targets: ({ restart }) => [{ kind: 'process', process: restart }],
  cutsOff: true,
  liftAfterMs: () => 0,
  inject: async (context, { restart, data }) => {
    const { environment, clock } = context;
    const target = await resolveProcess(context, restart);
    const { process, node } = target;
    const holds = holdsOf(environment);
    const pid = orderlyPid(process, holds);
    const stored = data === 'lost' && node !== undefined ? await findStoredData(node) : undefined;
    const hold = holds.add(process.name, 'restart');
    const sinceNs = clock.nowNs();
    let problem = await endInOrder(target, clock);
    let loss: Evidence = { tookHold: true, observed: '' };
    if (!process.running) {
      try {
        if (stored !== undefined) await removeFiles(stored);
        await process.start();
        // At once: another node may give it back what it lost.
        if (node !== undefined && stored !== undefined) loss = await seeLoss(node, stored);
      } catch (error) {
        // Left to `lift`, which tries again.
        problem += `; it did not start: ${error}`;
      }
    }

    return {
      description: `${process.name} restarted${data === 'lost' ? ' without its data' : ''}`,
      affected: [process.name],
      sinceNs,
      prove: async () => {
        const now = await serverPid(target);
        const restarted = problem === '' && isGone(pid) && now !== undefined && now !== pid;
        const observed = `${process.name} had pid ${pid} and has pid ${now ?? 'none'}${problem}${loss.observed}`;
        return { tookHold: restarted && loss.tookHold, observed };
      },
      lift: startAgain(target, hold, holds, clock),
    };
  },
};
