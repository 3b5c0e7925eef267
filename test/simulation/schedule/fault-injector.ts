import type { SimNode } from '../redis/sim-node.js';
import { AUTHORITY, type Authority } from '../world/authority.js';
import type { Actor } from './actors.js';
import type { Fault } from './fault-plan.js';
import type { Stage } from './stage.js';

const WHOLE_AGAIN_POLL_MS = 100;
/** A process does not sleep longer while masters change. */
/** The next owner is there by then. */
const HANDOVER_LIMIT_MS = 4_000;
const BOUNCE_LIMIT_MS = 4_000;

const TAKES_A_NODE: ReadonlySet<Fault['kind']> = new Set([
  'node-killed',
  'node-paused',
  'node-isolated',
  'failover',
  'failover-twice',
  'bounce-while-paused',
  'handover-isolated',
  'replica-cut-off',
]);

/** Does what the plan says; {@link lift} undoes what is still wrong. */
export class FaultInjector {
  readonly #stage: Stage;
  readonly #actors: readonly Actor[];
  readonly #undo = new Set<() => void>();
  #isOver = false;

  constructor(stage: Stage, actors: readonly Actor[]) {
    this.#stage = stage;
    this.#actors = actors;
    for (const fault of stage.plan.faults) this.#after(fault.atMs, () => this.#begin(fault));
  }

  /** Nothing begins from here on, and everything is well again. */
  lift(): void {
    this.#isOver = true;
    for (const undo of [...this.#undo]) undo();
    const { world, plan } = this.#stage;
    world.wiring.latency.tailShare = 0;
    world.wiring.lateMs.clear();
    world.breakShare = 0;
    for (const node of world.nodes) node.replication.lag = { baseMs: 0.2, jitterMs: Math.min(plan.lagMs, 5) };
  }

  #after(ms: number, run: () => void): void {
    this.#stage.world.scheduler.after(ms, run);
  }

  /** `undo` happens after `forMs`, or when faults are lifted. */
  #for(forMs: number, undo: () => void): void {
    const once = () => {
      if (this.#undo.delete(once)) undo();
    };
    this.#undo.add(once);
    this.#after(forMs, once);
  }

  #begin(fault: Fault): void {
    if (this.#isOver) return;
    const { world } = this.#stage;
    const authority = world.authorities[fault.shard]!;
    if (TAKES_A_NODE.has(fault.kind) && !authority.isHealthy) {
      this.#after(WHOLE_AGAIN_POLL_MS, () => this.#begin(fault));
      return;
    }
    world.trace(() => `FAULT ${JSON.stringify(fault)}`);
    this.#do(fault, authority);
  }

  #do(fault: Fault, authority: Authority): void {
    const { world } = this.#stage;
    const { master } = authority.naming;
    switch (fault.kind) {
      case 'node-killed': {
        const node = this.#choose(authority, fault.node);
        node.kill();
        this.#for(fault.forMs, () => node.restart(false));
        return;
      }
      case 'node-paused': {
        const node = this.#choose(authority, fault.node);
        node.pause();
        this.#for(fault.forMs, () => node.resume());
        return;
      }
      case 'node-isolated':
        this.#isolate([this.#choose(authority, fault.node)], fault);
        return;
      case 'failover':
        authority.failOver('asked for');
        return;
      case 'failover-twice':
        authority.failOver('asked for, and back');
        this.#back(authority, master, fault.pauseMs, () => {});
        return;
      case 'replication-slow': {
        const slow = authority.options.nodes.map((node) => ({ node, lag: node.replication.lag }));
        for (const { node } of slow) node.replication.lag = { baseMs: fault.lagMs, jitterMs: fault.lagMs };
        this.#for(fault.forMs, () => {
          for (const { node, lag } of slow) node.replication.lag = lag;
        });
        return;
      }
      case 'replica-cut-off': {
        const replica = this.#choose(authority, 'replica');
        this.#cutOff([[master.id, replica.id]], fault.forMs);
        return;
      }
      case 'memory-full':
        for (const node of authority.options.nodes) node.isFull = true;
        this.#for(fault.forMs, () => {
          for (const node of authority.options.nodes) node.isFull = false;
        });
        return;
      case 'scripts-flushed':
        master.flushScripts();
        return;
      case 'server-clock-stepped':
        this.#choose(authority, Math.abs(fault.byMs) < 500 ? 'replica' : 'master').clockStepMs += fault.byMs;
        return;
      case 'packets-slow': {
        const { latency } = world.wiring;
        latency.tailShare = 0.2;
        latency.tailMs = fault.tailMs;
        this.#for(fault.forMs, () => {
          latency.tailShare = 0;
        });
        return;
      }
      default:
        this.#doToProcess(fault, authority, this.#actors[fault.process % this.#actors.length]!);
        return;
    }
  }

  #doToProcess(fault: Extract<Fault, { readonly process: number }>, authority: Authority, actor: Actor): void {
    const { world } = this.#stage;
    const { process } = actor;
    if (process.isKilled) return;
    switch (fault.kind) {
      case 'process-paused':
        process.pause();
        this.#for(fault.forMs, () => {
          world.trace(() => `${process.name} goes on`);
          process.resume();
        });
        return;
      case 'process-killed':
        actor.kill();
        this.#for(fault.forMs, () => actor.start());
        return;
      case 'process-closed':
        this.#close(actor, fault.forMs);
        return;
      case 'bounce-while-paused':
        process.pause();
        this.#for(BOUNCE_LIMIT_MS, () => process.resume());
        authority.failOver('while a process sleeps, and back');
        this.#back(authority, authority.naming.master, 0, () => this.#after(30, () => process.resume()));
        return;
      case 'handover-isolated':
        this.#close(this.#ownerOr(actor), 2 * fault.forMs);
        this.#isolateNextOwner(authority, fault);
        return;
      case 'challenger-late':
        this.#delayRequests(process.name, fault);
        return;
      case 'process-cut-off': {
        const pairs = [...world.nodes.map(({ id }) => [process.name, id] as const)];
        this.#cutOff([...pairs, [process.name, AUTHORITY]], fault.forMs);
        return;
      }
      case 'process-clock-stepped':
        process.time.wallStartMs += fault.byMs;
        return;
      case 'connections-reset':
        for (const connection of world.connections) if (connection.process === process) connection.breakOff('reset');
        return;
      case 'connections-silent':
        for (const connection of world.connections) if (connection.process === process) connection.silence();
        return;
      default:
        fault satisfies never;
    }
  }

  /** The next one to acquire a partition is cut off with the master, behind whose back the others go on. */
  #isolateNextOwner(authority: Authority, fault: Extract<Fault, { readonly kind: 'handover-isolated' }>): void {
    const { journal, random } = this.#stage;
    const onAcquired = (owner: string) => {
      journal.onAcquired.delete(onAcquired);
      this.#after(fault.delayMs, () => {
        if (this.#isOver || !authority.isHealthy) return;
        const { nodes } = authority.options;
        const { master } = authority.naming;
        const replicas = nodes.filter((node) => node !== master);
        // A replica may be on the master's side, as long as another one is not.
        const taken = replicas.length > 1 && random() < 0.2 ? [this.#choose(authority, 'replica')] : [];
        this.#isolate([master, ...taken], fault, owner);
        // An operator may choose whom he likes (CLUSTER FAILOVER FORCE): here the one that is behind the others.
        replicas.sort((a, b) => a.replication.appliedOffset - b.replication.appliedOffset);
        authority.failOver('behind the back of the isolated', taken.length === 0 ? replicas[0] : undefined);
      });
    };
    journal.onAcquired.add(onAcquired);
    this.#for(HANDOVER_LIMIT_MS, () => journal.onAcquired.delete(onAcquired));
  }

  /** Who handled last. */
  #ownerOr(fallback: Actor): Actor {
    const name = this.#stage.journal.handlings.at(-1)?.member;
    return this.#actors.find(({ process }) => process.name === name) ?? fallback;
  }

  #close(actor: Actor, forMs: number): void {
    const { process } = actor;
    if (!process.isRunning || actor.isClosing) return;
    void actor.close().then(() => {
      if (actor.process === process) this.#for(forMs, () => actor.start());
    });
  }

  /** What it sends within a moment arrives late; before it does, all others are cut off. */
  #delayRequests(
    name: string,
    { lateMs, cutAfterMs, forMs }: Extract<Fault, { readonly kind: 'challenger-late' }>,
  ): void {
    const { world } = this.#stage;
    world.wiring.lateMs.set(name, lateMs);
    this.#for(lateMs * 0.7, () => world.wiring.lateMs.delete(name));
    this.#after(cutAfterMs, () => {
      if (this.#isOver) return;
      const others = this.#actors.filter(({ process }) => process.name !== name);
      this.#cutOff(
        others.flatMap(({ process }) => world.nodes.map(({ id }) => [process.name, id] as const)),
        forMs,
      );
    });
  }

  #choose(authority: Authority, choice: 'master' | 'replica'): SimNode {
    const { master } = authority.naming;
    const replicas = authority.options.nodes.filter((node) => node !== master);
    if (choice === 'master' || replicas.length === 0) return master;
    return replicas[Math.floor(this.#stage.random() * replicas.length)]!;
  }

  /** Nodes and some processes on one side, everybody else on the other. */
  #isolate(
    nodes: readonly SimNode[],
    fault: { readonly companions: number; readonly forMs: number },
    owner?: string,
  ): void {
    const { world, random } = this.#stage;
    const processes = this.#actors.map(({ process }) => process.name);
    const companions = new Set(
      processes.filter((name) => name === owner || random() < fault.companions / processes.length),
    );
    const near = nodes.map(({ id }) => id);
    const far = [AUTHORITY, ...world.nodes.map(({ id }) => id).filter((id) => !near.includes(id))];
    const pairs = far.flatMap((name) => [...near, ...companions].map((one) => [one, name] as const));
    const others = processes.filter((name) => !companions.has(name));
    this.#cutOff([...pairs, ...others.flatMap((name) => near.map((id) => [name, id] as const))], fault.forMs);
  }

  #cutOff(pairs: readonly (readonly [string, string])[], forMs: number): void {
    const { world } = this.#stage;
    for (const [a, b] of pairs) world.wiring.cut(a, b);
    this.#for(forMs, () => {
      for (const [a, b] of pairs) world.wiring.heal(a, b);
      world.trace(() => `healed ${pairs.map((pair) => pair.join('-')).join(' ')}`);
      world.wakeNodes();
    });
  }

  /** When the first failover is done, and the former master follows: it is made master again. */
  #back(authority: Authority, former: SimNode, pauseMs: number, onDone: () => void): void {
    if (this.#isOver) return;
    if (authority.naming.master !== former && authority.isHealthy) {
      this.#after(pauseMs, () => {
        if (this.#isOver) return;
        authority.failOver('back again', former);
        this.#whenMaster(authority, former, onDone);
      });
    } else this.#after(20, () => this.#back(authority, former, pauseMs, onDone));
  }

  #whenMaster(authority: Authority, node: SimNode, run: () => void): void {
    if (this.#isOver) return;
    if (authority.naming.master === node) run();
    else this.#after(10, () => this.#whenMaster(authority, node, run));
  }
}
