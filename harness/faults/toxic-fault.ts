import type { Clock } from '../clock.js';
import { waitFor } from '../environment/wait-for.js';
import type { Evidence, FaultContext, InjectedFault } from './fault.js';
import { FaultError } from './fault-error.js';
import { type Holds, holdsOf } from './holds.js';
import { type Direction, type LinkTarget, proxiesOf, resolveLink, streamsOf } from './link-target.js';
import { describeExchange, ping } from './probe.js';
import type { ToxicSpec } from './toxiproxy.js';

/** What the fault kinds that are one Toxiproxy toxic differ in. `Before` is what was measured before the injection. */
export interface ToxicFault<Before> {
  readonly type: ToxicSpec['type'];
  readonly link: string;
  readonly direction: Direction;
  readonly attributes: ToxicSpec['attributes'];
  /** `latency 20ms`: the rest of the description follows from link and direction. */
  readonly title: string;
  /** Closes all connections of the link once the toxic is in place, for toxics that spare those already open. */
  readonly cutsConnections?: boolean;
  /** Seen through the link before the toxic is there: what {@link prove} compares with. */
  measure(probe: LinkProbe): Promise<Before>;
  /** `before` is undefined when another fault cut the link at that time: then a link of this machine is taken for normal. */
  prove(probe: LinkProbe, before: Before | undefined): Promise<Evidence>;
  /** Whether the link is as before, once the toxic is removed and it answers again. */
  isClean?(probe: LinkProbe, before: Before | undefined): Promise<boolean>;
}

/** What probes of a link need. */
export interface LinkProbe extends LinkTarget {
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** For how long a link may take to answer once it is healed. */
const CLEAN_DEADLINE_MS = 10_000;
const PING_DEADLINE_MS = 1000;
/** Faults on a link under which nothing can be measured. */
const CUTTING = ['down', 'timeout', 'reset_peer', 'limit_data'];

export async function injectToxic<Before>(
  context: FaultContext,
  fault: ToxicFault<Before>,
  signal: AbortSignal,
): Promise<InjectedFault> {
  const { environment, toxiproxy, clock } = context;
  const target = await resolveLink(environment, fault.link);
  const { link, node } = target;
  const holds = holdsOf(environment);
  // A link that another fault cuts says nothing of what is normal, and asking it would make this fault late.
  const isCut = holds.isHeld(node.name) || CUTTING.some((effect) => holds.isHeld(link.name, effect));
  const before = isCut ? undefined : await fault.measure({ ...target, clock, signal });
  const hold = holds.add(link.name, fault.type);
  const toxics = streamsOf(fault.direction).map(
    (stream): ToxicSpec => ({
      name: `gauntlet-${process.pid}-${hold.id}-${fault.type}-${stream}`,
      type: fault.type,
      stream,
      toxicity: 1,
      attributes: fault.attributes,
    }),
  );

  const addToxics = async (proxy: string) => {
    for (const toxic of toxics) await toxiproxy.addToxic(proxy, toxic);
    if (fault.cutsConnections && !holds.isHeld(link.name, 'down')) {
      await toxiproxy.setEnabled(proxy, false);
      await toxiproxy.setEnabled(proxy, true);
    }
  };
  const removeToxics = async (proxy: string) => {
    for (const toxic of toxics) await toxiproxy.removeToxic(proxy, toxic.name);
    if (fault.cutsConnections && !holds.isHeld(link.name, 'down')) await toxiproxy.setEnabled(proxy, true);
    const left = await toxiproxy.listToxics(proxy);
    const stuck = toxics.filter((toxic) => left.includes(toxic.name));
    if (stuck.length > 0) {
      const names = stuck.map((toxic) => toxic.name).join(' and ');
      throw new FaultError('not-undone', `${link.name} still has ${names} after its removal`);
    }
  };
  const onEachProxy = (work: (proxy: string) => Promise<void>) =>
    holds.exclusively(link.name, async () => {
      for (const proxy of proxiesOf(link)) await work(proxy);
    });

  try {
    await onEachProxy(addToxics);
  } catch (error) {
    holds.release(hold);
    await onEachProxy(removeToxics).catch((undoError) => {
      throw new FaultError(
        'not-undone',
        `${fault.title} failed halfway on ${link.name}, and what was done of it cannot be undone: ${undoError}`,
        { cause: error },
      );
    });
    throw error;
  }

  let removed = false;
  return {
    description: `${fault.title} on ${link.name}, ${fault.direction === 'both' ? 'both directions' : fault.direction}`,
    affected: [node.name],
    prove: (signal) => fault.prove({ ...target, clock, signal }, before),
    lift: async (signal) => {
      if (!removed) await onEachProxy(removeToxics);
      removed = true;
      holds.release(hold);
      await expectCleanLink(
        { ...target, clock, signal },
        holds,
        async (probe) => (await fault.isClean?.(probe, before)) ?? true,
      );
    },
  };
}

/** Waits until the link answers as before. Skipped while another fault is on it: the lifting of that one will see. */
export async function expectCleanLink(
  probe: LinkProbe,
  holds: Holds,
  isClean: (probe: LinkProbe) => Promise<boolean>,
): Promise<void> {
  const { link, node, clock, signal } = probe;
  const isDisturbed = () => holds.isHeld(link.name) || holds.isHeld(node.name);
  let seen = '';
  const clean = await waitFor(
    async () => {
      if (isDisturbed()) return true;
      const answer = await ping(probe.through, PING_DEADLINE_MS, clock, signal);
      seen = describeExchange(answer);
      if (answer.outcome !== 'replied') return undefined;
      return (await isClean(probe)) || undefined;
    },
    { clock, deadlineMs: CLEAN_DEADLINE_MS },
    signal,
  );
  if (clean === undefined) {
    throw new FaultError(
      'not-undone',
      `${link.name} is not as before the fault ${CLEAN_DEADLINE_MS / 1000} s after its lifting (PING: ${seen})`,
    );
  }
}
