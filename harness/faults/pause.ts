import { z } from 'zod';
import { waitFor } from '../environment/wait-for.js';
import type { FaultKind } from './fault.js';
import { holdsOf } from './holds.js';
import { describeExchange, ping } from './probe.js';
import { expectHealthy, processName, processState, resolveProcess, runningPid } from './process-target.js';

const params = z.strictObject({ pause: processName });

const STOP_DEADLINE_MS = 2000;
/** Far longer than a server that runs needs for a PING, short enough for a pause of half a second. */
const SILENCE_MS = 250;

export const pause: FaultKind<z.output<typeof params>> = {
  name: 'pause',
  summary: 'Stops a process with SIGSTOP, its sockets open (harsher for clients than its death), and continues it.',
  example: '{ at: steady + 5s, for: 2s, pause: redis-master }',
  params,
  targets: ({ pause }) => [{ kind: 'process', process: pause }],
  cutsOff: true,
  inject: async (context, { pause }) => {
    const { environment, clock } = context;
    const target = await resolveProcess(context, pause);
    const { process, node } = target;
    const holds = holdsOf(environment);
    const pid = runningPid(process);
    const hold = holds.add(process.name, 'pause');
    process.signal('SIGSTOP');

    let lifted = false;
    return {
      description: `${process.name} paused`,
      affected: [process.name],
      prove: async (signal) => {
        const stopped = await waitFor(
          () => processState(pid) === 'T' || undefined,
          { clock, deadlineMs: STOP_DEADLINE_MS },
          signal,
        );
        const state = `${process.name} (pid ${pid}) is in state ${processState(pid) ?? 'ended'}`;
        if (node === undefined || !stopped) return { tookHold: stopped === true, observed: state };
        const answer = await ping(node.direct, SILENCE_MS, clock, signal);
        return {
          tookHold: answer.outcome === 'silent',
          observed: `${state}, PING past the proxy: ${describeExchange(answer)}`,
        };
      },
      lift: async (signal) => {
        holds.release(hold);
        // Not to the process that was started after a kill meanwhile, and not while somebody else pauses it.
        if (!lifted && process.pid === pid && !holds.isHeld(process.name, 'pause')) process.signal('SIGCONT');
        lifted = true;
        await expectHealthy(target, holds, clock, signal);
      },
    };
  },
};
