import { z } from 'zod';
import { formatDuration, positiveDuration } from '../scenario/units.js';
import type { FaultKind } from './fault.js';
import { holdsOf } from './holds.js';
import { endsWithin, expectHealthy, isGone, processName, resolveProcess, runningPid } from './process-target.js';

const params = z.strictObject({ kill: processName, restart: positiveDuration.exactOptional() });

/** A kill -9 takes effect within a millisecond or so, on a busy machine within tens. */
const EXIT_DEADLINE_MS = 2000;

/**
 * Lifting it starts the process again: after `restart` (or `for`), else when the load ends, so that what it owned is
 * drained.
 */
export const kill: FaultKind<z.output<typeof params>> = {
  name: 'kill',
  summary: 'Kills a process with SIGKILL; starts it again after `restart`, else when the load ends.',
  example: '{ at: steady + 5s, kill: redis-master, restart: 3s }',
  params,
  targets: ({ kill }) => [{ kind: 'process', process: kill }],
  cutsOff: true,
  liftAfterMs: ({ restart }) => restart,
  inject: async (context, { kill, restart }) => {
    const { environment, clock } = context;
    const target = await resolveProcess(context, kill);
    const { process, node } = target;
    const holds = holdsOf(environment);
    const pid = runningPid(process);
    const hold = holds.add(process.name, 'kill');
    process.signal('SIGKILL');
    // Waited for, so that what the victim did last lies before the time of injection.
    await endsWithin(process, EXIT_DEADLINE_MS, clock);

    let lifted = false;
    return {
      description: `${process.name} killed${restart === undefined ? '' : `, started again after ${formatDuration(restart)}`}`,
      affected: [process.name],
      prove: async () => {
        const exitSeen = await endsWithin(process, EXIT_DEADLINE_MS, clock);
        const tookHold = exitSeen && isGone(pid);
        return { tookHold, observed: `${process.name} (pid ${pid}) ${tookHold ? 'is gone' : 'still runs'}` };
      },
      lift: async (signal) => {
        if (!lifted && !process.running) await process.start();
        lifted = true;
        holds.release(hold);
        await expectHealthy({ process, node }, holds, clock, signal);
      },
    };
  },
};
