import { z } from 'zod';
import { redisInfo } from '../environment/redis-probe.js';
import type { FaultKind } from './fault.js';
import { FaultError } from './fault-error.js';
import { holdsOf } from './holds.js';
import {
  endsWithin,
  expectHealthy,
  isGone,
  type ProcessTarget,
  processName,
  processState,
  resolveProcess,
  runningPid,
} from './process-target.js';

const params = z.strictObject({ restart: processName });

/** An orderly stop finishes what is in flight. */
const STOP_DEADLINE_MS = 30_000;
const KILL_DEADLINE_MS = 2000;

export const restart: FaultKind<z.output<typeof params>> = {
  name: 'restart',
  summary: 'Stops a process in order (SIGTERM) and starts it again at once.',
  example: '{ at: steady + 5s, restart: redis-1 }',
  params,
  targets: ({ restart }) => [{ kind: 'process', process: restart }],
  cutsOff: true,
  liftAfterMs: () => 0,
  inject: async (context, { restart }) => {
    const { environment, clock } = context;
    const target = await resolveProcess(context, restart);
    const { process } = target;
    const pid = runningPid(process);
    const holds = holdsOf(environment);
    // Between a SIGSTOP and its effect only the hold tells.
    if (holds.isHeld(process.name, 'pause') || processState(pid) === 'T') {
      throw new FaultError('not-running', `${process.name} is paused, so it cannot be stopped in order`);
    }
    const hold = holds.add(process.name, 'restart');
    const sinceNs = clock.nowNs();
    process.signal('SIGTERM');
    const inOrder = await endsWithin(process, STOP_DEADLINE_MS, clock);
    if (!inOrder) {
      process.signal('SIGKILL');
      await endsWithin(process, KILL_DEADLINE_MS, clock);
    }
    let problem = inOrder ? '' : `; it did not stop within ${STOP_DEADLINE_MS / 1000} s of SIGTERM`;
    if (!process.running) {
      // A start that failed is left to `lift`, which tries again.
      await process.start().catch((error) => {
        problem += `; it did not start: ${error}`;
      });
    }

    let lifted = false;
    return {
      description: `${process.name} restarted`,
      affected: [process.name],
      sinceNs,
      prove: async () => {
        const now = await serverPid(target);
        const tookHold = problem === '' && isGone(pid) && now !== undefined && now !== pid;
        return { tookHold, observed: `${process.name} had pid ${pid} and has pid ${now ?? 'none'}${problem}` };
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

/** As the server itself says, where it can be asked; undefined: it cannot be. */
async function serverPid({ process, node }: ProcessTarget): Promise<number | undefined> {
  if (node === undefined) return process.pid;
  const info = await redisInfo(node.direct, 'server').catch(() => undefined);
  const text = info?.get('process_id');
  return text === undefined ? undefined : Number(text);
}
