import { z } from 'zod';
import type { FaultKind } from './fault.js';
import { holdsOf } from './holds.js';
import { endInOrder, isGone, orderlyPid, processName, resolveProcess, startAgain } from './process-target.js';

const params = z.strictObject({ stop: processName });

/**
 * Lifting it starts the process again. A worker that is stopped when the load begins is one that is added when this is
 * lifted.
 */
export const stop: FaultKind<z.output<typeof params>> = {
  name: 'stop',
  summary: 'Stops a process in order (SIGTERM), and starts it when it is lifted: one less, and then one more.',
  example: '{ at: steady, for: 10s, stop: redis-replica }',
  params,
  targets: ({ stop }) => [{ kind: 'process', process: stop }],
  cutsOff: true,
  inject: async (context, { stop }) => {
    const { environment, clock } = context;
    const target = await resolveProcess(context, stop);
    const { process } = target;
    const holds = holdsOf(environment);
    const pid = orderlyPid(process, holds);
    const hold = holds.add(process.name, 'stop');
    const sinceNs = clock.nowNs();
    const problem = await endInOrder(target, clock);
    return {
      description: `${process.name} stopped`,
      affected: [process.name],
      sinceNs,
      prove: async () => {
        const observed = `${process.name} (pid ${pid}) ${isGone(pid) ? 'is gone' : 'still runs'}${problem}`;
        return { tookHold: problem === '' && isGone(pid), observed };
      },
      lift: startAgain(target, hold, holds, clock),
    };
  },
};
