import type { SimNode } from '../redis/sim-node.js';
import { AUTHORITY, type Authority } from '../world/authority.js';
import type { Actor } from './actors.js';
import type { Fault } from './fault-plan.js';
import type { FaultTools } from './fault-tools.js';

type Of<K extends Fault['kind']> = Extract<Fault, { readonly kind: K }>;

/** The next owner is there by then. */
const HANDOVER_LIMIT_MS = 4_000;
/** A process does not sleep longer while masters change. */
const BOUNCE_LIMIT_MS = 4_000;
/** A producer has had something accepted by then. */
const ACCEPTED_LIMIT_MS = 2_000;
/** A replica that was away is the next master only when it has not been for a while: see Authority. */
const SAFE_AGAIN_MS = 1_200;
const POLL_MS = 20;

/** There and back again, before those who slept notice. */
export function failOverTwice(tools: FaultTools, authority: Authority, { pauseMs }: Of<'failover-twice'>): void {
  const former = authority.naming.master;
  authority.failOver('asked for, and back');
  back(tools, authority, former, pauseMs, () => {});
}

export function bounceWhilePaused(tools: FaultTools, authority: Authority, { process }: Actor): void {
  const former = authority.naming.master;
  process.pause();
  tools.for(BOUNCE_LIMIT_MS, () => process.resume());
  authority.failOver('while a process sleeps, and back');
  back(tools, authority, former, 0, () => tools.after(30, () => process.resume()));
}

/** The next one to acquire a partition is cut off with the master, behind whose back the others go on. */
export function isolateNextOwner(tools: FaultTools, authority: Authority, fault: Of<'handover-isolated'>): void {
  const { journal, random } = tools.stage;
  const onAcquired = (owner: string) => {
    journal.onAcquired.delete(onAcquired);
    tools.after(fault.delayMs, () => {
      if (!authority.isHealthy) return;
      const { nodes } = authority.options;
      const { master } = authority.naming;
      const replicas = nodes.filter((node) => node !== master);
      // A replica may be on the master's side, as long as another one is not.
      const taken = replicas.length > 1 && random() < 0.2 ? [tools.choose(authority, 'replica')] : [];
      tools.isolate([master, ...taken], fault, owner);
      // An operator may choose whom he likes (CLUSTER FAILOVER FORCE): here the one that is behind the others.
      replicas.sort((a, b) => a.replication.appliedOffset - b.replication.appliedOffset);
      authority.failOver('behind the back of the isolated', taken.length === 0 ? replicas[0] : undefined);
    });
  };
  journal.onAcquired.add(onAcquired);
  tools.for(HANDOVER_LIMIT_MS, () => journal.onAcquired.delete(onAcquired));
}

/** What it sends within a moment arrives late; before it does, all others are cut off. */
export function delayRequests(tools: FaultTools, name: string, fault: Of<'challenger-late'>): void {
  const { world } = tools.stage;
  const { lateMs, cutAfterMs, forMs } = fault;
  world.wiring.lateMs.set(name, lateMs);
  tools.for(lateMs * 0.7, () => world.wiring.lateMs.delete(name));
  tools.after(cutAfterMs, () => {
    const others = tools.actors.filter(({ process }) => process.name !== name);
    tools.cutOff(
      others.flatMap(({ process }) => world.nodes.map(({ id }) => [process.name, id] as const)),
      forMs,
    );
  });
}

/** The moment something is accepted its producer is gone, and so is the master: nobody is left to send it again. */
export function killMasterWithProducer(
  tools: FaultTools,
  authority: Authority,
  actor: Actor,
  { forMs }: Of<'master-killed-with-producer'>,
): void {
  const { journal, world, random } = tools.stage;
  const onAccepted = (producer: string) => {
    if (producer !== actor.process.name) return;
    journal.onAccepted.delete(onAccepted);
    // In a turn of its own: other messages of the same frame have their outcomes, too.
    tools.after(0, () => {
      const { master } = authority.naming;
      if (actor.process.isKilled || !authority.isHealthy) return;
      const successors = authority.safeReplicas;
      world.trace(() => `${master.id} and ${actor.process.name} die`);
      actor.kill();
      tools.for(forMs, () => actor.start());
      master.kill();
      tools.for(forMs, () => master.restart(false));
      authority.failOver('master is dead', successors[Math.floor(random() * successors.length)]);
    });
  };
  journal.onAccepted.add(onAccepted);
  tools.for(ACCEPTED_LIMIT_MS, () => journal.onAccepted.delete(onAccepted));
}

/**
 * A replica is reported down, then an owner loses sight of the authority, and so misses that the replica is back; when that
 * is the next master, the owner is left with the former one.
 */
export function hideReturnOfReplica(tools: FaultTools, authority: Authority, actor: Actor, forMs: number): void {
  const { world } = tools.stage;
  const { master } = authority.naming;
  const replica = tools.choose(authority, 'replica');
  const downMs = authority.options.downAfterMs + 700;
  tools.isStaging = true;
  replica.pause();
  tools.for(downMs + 100, () => replica.resume());
  tools.after(downMs, () => {
    const owner = tools.ownerOr(actor).process.name;
    tools.cutOff([[owner, AUTHORITY]], forMs + 5_000);
    tools.when(
      () => authority.isHealthy,
      POLL_MS,
      () =>
        tools.after(SAFE_AGAIN_MS, () => {
          if (authority.naming.master !== master || !authority.isHealthy) return;
          world.trace(() => `${owner} is left with ${master.id}`);
          tools.isolate([master], { companions: 0, forMs }, owner);
          authority.failOver('behind the back of who did not see the replica return', replica);
        }),
    );
  });
}

/** When the first failover is done, and the former master follows: it is made master again. */
function back(tools: FaultTools, authority: Authority, former: SimNode, pauseMs: number, onDone: () => void): void {
  const isDone = () => authority.naming.master !== former && authority.isHealthy;
  tools.when(isDone, POLL_MS, () =>
    tools.after(pauseMs, () => {
      authority.failOver('back again', former);
      tools.when(() => authority.naming.master === former, 10, onDone);
    }),
  );
}
