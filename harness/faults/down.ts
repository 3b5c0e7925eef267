import { z } from 'zod';
import type { FaultKind } from './fault.js';
import { FaultError } from './fault-error.js';
import { holdsOf } from './holds.js';
import { linkName, proxiesOf, resolveLink } from './link-target.js';
import { describeExchange, ping } from './probe.js';
import { expectCleanLink } from './toxic-fault.js';

const params = z.strictObject({ down: linkName });

const PING_DEADLINE_MS = 1000;

export const down: FaultKind<z.output<typeof params>> = {
  name: 'down',
  summary: 'Closes all connections of a link and refuses new ones (for silence instead of refusal: timeout).',
  example: '{ at: steady + 5s, for: 3s, down: redis-master.clients }',
  params,
  targets: ({ down }) => [{ kind: 'link', link: down }],
  cutsOff: true,
  inject: async ({ environment, toxiproxy, clock }, { down }) => {
    const target = await resolveLink(environment, down);
    const { link, node, through } = target;
    const holds = holdsOf(environment);
    const hold = holds.add(link.name, 'down');
    const setEnabled = async (enabled: boolean) => {
      for (const proxy of proxiesOf(link)) await toxiproxy.setEnabled(proxy, enabled);
    };

    const bringUp = () =>
      holds.exclusively(link.name, async () => {
        holds.release(hold);
        if (!holds.isHeld(link.name, 'down')) await setEnabled(true);
      });

    try {
      await holds.exclusively(link.name, () => setEnabled(false));
    } catch (error) {
      await bringUp().catch((undoError) => {
        const message = `${link.name} could not be brought down for sure, nor up again: ${undoError}`;
        throw new FaultError('not-undone', message, { cause: error });
      });
      throw error;
    }

    let isUp = false;
    return {
      description: `${link.name} down`,
      affected: [node.name],
      prove: async (signal) => {
        const attempt = await ping(through, PING_DEADLINE_MS, clock, signal);
        return {
          tookHold: attempt.outcome === 'refused',
          observed: `PING through ${link.name}: ${describeExchange(attempt)}`,
        };
      },
      lift: async (signal) => {
        if (!isUp) await bringUp();
        isUp = true;
        await expectCleanLink({ ...target, clock, signal }, holds, async () => true);
      },
    };
  },
};
