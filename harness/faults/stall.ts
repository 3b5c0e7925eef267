import { z } from 'zod';
import { waitFor } from '../environment/wait-for.js';
import type { FaultKind } from './fault.js';
import { FaultError } from './fault-error.js';
import { holdsOf } from './holds.js';
import { formatMs } from './probe.js';
import { expectHealthy, isGone, processState, resolveWorker, runningPid, workerName } from './process-target.js';

const params = z.strictObject({ stall: workerName });

const PING_DEADLINE_MS = 2000;
/** Longer than a busy worker's turn of its event loop. */
const SILENCE_MS = 500;
/** A worker that answered so many times faster before is not merely busy. */
const SILENCE_FACTOR = 10;
const HEALED_DEADLINE_MS = 10_000;

export const stall: FaultKind<z.output<typeof params>> = {
  name: 'stall',
  summary:
    "Blocks a worker's event loop: the process lives, its sockets are open, none of its code runs; then it goes on.",
  example: '{ at: steady + 5s, for: 5s, stall: consumer-1 }',
  params,
  targets: ({ stall }) => [{ kind: 'process', process: stall }],
  inject: async (context, { stall }) => {
    const { environment, clock } = context;
    const worker = resolveWorker(context, stall);
    const { name } = worker;
    const holds = holdsOf(environment);
    const pid = runningPid(worker);
    const beforeMs = await worker.ping(PING_DEADLINE_MS);
    // Silence shows nothing of one that was silent anyway, unless another fault is why it was.
    const wasAlive = beforeMs !== undefined || holds.isHeld(name);
    const hold = holds.add(name, 'stall');
    worker.stall();

    let lifted = false;
    return {
      description: `${name} stalled`,
      affected: [name],
      prove: async () => {
        const silenceMs = Math.max(SILENCE_MS, (beforeMs ?? 0) * SILENCE_FACTOR);
        const answerMs = await worker.ping(silenceMs);
        const state = processState(pid);
        const lives = worker.pid === pid && !isGone(pid) && state !== 'T';
        const answer =
          answerMs === undefined ? `no answer for ${formatMs(silenceMs)}` : `answered in ${formatMs(answerMs)}`;
        const silentBefore = wasAlive
          ? 'another fault held it before'
          : 'none before either, so that this shows nothing';
        const before = beforeMs === undefined ? silentBefore : `${formatMs(beforeMs)} before`;
        return {
          tookHold: lives && wasAlive && answerMs === undefined,
          observed: `${name} (pid ${pid}) is in state ${state ?? 'ended'}, its event loop: ${answer} (${before})`,
        };
      },
      lift: async (signal) => {
        holds.release(hold);
        // Not the process that was started after a kill meanwhile, and not while somebody else stalls it.
        if (!lifted && worker.pid === pid && !holds.isHeld(name, 'stall')) worker.resume();
        lifted = true;
        await expectHealthy({ process: worker, node: undefined }, holds, clock, signal);
        const turns = await waitFor(
          async () => holds.isHeld(name) || (await worker.ping(PING_DEADLINE_MS)) !== undefined || undefined,
          { clock, deadlineMs: HEALED_DEADLINE_MS },
          signal,
        );
        if (turns === undefined) {
          const seconds = HEALED_DEADLINE_MS / 1000;
          throw new FaultError(
            'not-undone',
            `${name} does not answer over its channel ${seconds} s after its stall was lifted`,
          );
        }
      },
    };
  },
};
