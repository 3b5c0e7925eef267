import { z } from 'zod';
import type { FaultKind } from './fault.js';
import { holdsOf } from './holds.js';
import {
  endsWithin,
  expectHealthy,
  isGone,
  orderlyPid,
  processName,
  resolveProcess,
  stopsInOrder,
} from './process-target.js';

const params = z.strictObject({ stop: processName });

/** An orderly stop finishes what is in flight. */
const STOP_DEADLINE_MS = 30_000;
const KILL_DEADLINE_MS = 2000;

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
    const inOrder = await stopsInOrder(target, STOP_DEADLINE_MS, clock);
    if (!inOrder) {
      process.signal('SIGKILL');
      await endsWithin(process, KILL_DEADLINE_MS, clock);
    }

    let lifted = false;
    return {
      description: `${process.name} stopped`,
      affected: [process.name],
      sinceNs,
      prove: async () => {
        const late = inOrder ? '' : `; it did not stop within ${STOP_DEADLINE_MS / 1000} s of SIGTERM`;
        const tookHold = inOrder && isGone(pid);
        return { tookHold, observed: `${process.name} (pid ${pid}) ${isGone(pid) ? 'is gone' : 'still runs'}${late}` };
      },
      lift: async (signal) => {
        if (!lifted && !process.running) await process.start();
        lifted = true;
        holds.release(hold);
        await expectHealthy(target, holds, clock, signal);
      },
    };
  },
};
