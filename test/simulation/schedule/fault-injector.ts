import type { Authority } from '../world/authority.js';
import { AUTHORITY } from '../world/authority.js';
import type { Actor } from './actors.js';
import type { Fault } from './fault-plan.js';
import { FaultTools } from './fault-tools.js';
import { pruneProducers } from './prune-producers.js';
import type { Stage } from './stage.js';
import {
  bounceWhilePaused,
  delayRequests,
  failOverTwice,
  hideReturnOfReplica,
  isolateNextOwner,
  killMasterWithProducer,
} from './staged-faults.js';

const WHOLE_AGAIN_POLL_MS = 100;

const TAKES_A_NODE: ReadonlySet<Fault['kind']> = new Set([
  'node-killed',
  'node-paused',
  'node-isolated',
  'failover',
  'failover-twice',
  'bounce-while-paused',
  'handover-isolated',
  'replica-cut-off',
  'replica-back-unseen',
  'master-killed-with-producer',
]);

/** Does what the plan says; {@link lift} undoes what is still wrong. */
export class FaultInjector {
  readonly #stage: Stage;
  readonly #tools: FaultTools;
  /** How many have begun, by kind. */
  readonly counts = new Map<Fault['kind'], number>();

  constructor(stage: Stage, actors: readonly Actor[]) {
    this.#stage = stage;
    this.#tools = new FaultTools(stage, actors);
    for (const fault of stage.plan.faults) this.#tools.after(fault.atMs, () => this.#begin(fault));
  }

  /** Nothing begins from here on, and everything is well again. */
  lift(): void {
    this.#tools.lift();
    const { world, plan } = this.#stage;
    world.wiring.latency.tailShare = 0;
    world.wiring.lateMs.clear();
    world.breakShare = 0;
    for (const node of world.nodes) node.replication.lag = { baseMs: 0.2, jitterMs: Math.min(plan.lagMs, 5) };
  }

  #begin(fault: Fault): void {
    const { world } = this.#stage;
    const authority = world.authorities[fault.shard]!;
    if (TAKES_A_NODE.has(fault.kind) && (!authority.isHealthy || this.#tools.isStaging)) {
      this.#tools.after(WHOLE_AGAIN_POLL_MS, () => this.#begin(fault));
      return;
    }
    world.trace(() => `FAULT ${JSON.stringify(fault)}`);
    this.counts.set(fault.kind, (this.counts.get(fault.kind) ?? 0) + 1);
    this.#do(fault, authority);
  }

  #do(fault: Fault, authority: Authority): void {
    const { world } = this.#stage;
    const { master } = authority.naming;
    switch (fault.kind) {
      case 'node-killed': {
        const node = this.#tools.choose(authority, fault.node);
        node.kill();
        this.#tools.for(fault.forMs, () => node.restart(false));
        return;
      }
      case 'node-paused': {
        const node = this.#tools.choose(authority, fault.node);
        node.pause();
        this.#tools.for(fault.forMs, () => node.resume());
        return;
      }
      case 'node-isolated':
        this.#tools.isolate([this.#tools.choose(authority, fault.node)], fault);
        return;
      case 'failover':
        authority.failOver('asked for');
        return;
      case 'failover-twice':
        failOverTwice(this.#tools, authority, fault);
        return;
      case 'replication-slow': {
        const slow = authority.options.nodes.map((node) => ({ node, lag: node.replication.lag }));
        for (const { node } of slow) node.replication.lag = { baseMs: fault.lagMs, jitterMs: fault.lagMs };
        this.#tools.for(fault.forMs, () => {
          for (const { node, lag } of slow) node.replication.lag = lag;
        });
        return;
      }
      case 'replica-cut-off': {
        const replica = this.#tools.choose(authority, 'replica');
        this.#tools.cutOff([[master.id, replica.id]], fault.forMs);
        return;
      }
      case 'memory-full':
        for (const node of authority.options.nodes) node.isFull = true;
        this.#tools.for(fault.forMs, () => {
          for (const node of authority.options.nodes) node.isFull = false;
        });
        return;
      case 'scripts-flushed':
        master.flushScripts();
        return;
      case 'server-clock-stepped':
        this.#tools.choose(authority, Math.abs(fault.byMs) < 500 ? 'replica' : 'master').clockStepMs += fault.byMs;
        return;
      case 'producers-pruned':
        pruneProducers(this.#stage, authority);
        return;
      case 'packets-slow': {
        const { latency } = world.wiring;
        latency.tailShare = 0.2;
        latency.tailMs = fault.tailMs;
        this.#tools.for(fault.forMs, () => {
          latency.tailShare = 0;
        });
        return;
      }
      default:
        this.#doToProcess(fault, authority, this.#tools.actors[fault.process % this.#tools.actors.length]!);
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
        this.#tools.for(fault.forMs, () => {
          world.trace(() => `${process.name} goes on`);
          process.resume();
        });
        return;
      case 'process-killed':
        actor.kill();
        this.#tools.for(fault.forMs, () => actor.start());
        return;
      case 'process-closed':
        this.#tools.close(actor, fault.forMs);
        return;
      case 'bounce-while-paused':
        bounceWhilePaused(this.#tools, authority, actor);
        return;
      case 'handover-isolated':
        this.#tools.close(this.#tools.ownerOr(actor), 2 * fault.forMs);
        isolateNextOwner(this.#tools, authority, fault);
        return;
      case 'replica-back-unseen':
        hideReturnOfReplica(this.#tools, authority, actor, fault.forMs);
        return;
      case 'master-killed-with-producer':
        killMasterWithProducer(this.#tools, authority, actor, fault);
        return;
      case 'challenger-late':
        delayRequests(this.#tools, process.name, fault);
        return;
      case 'process-cut-off': {
        const pairs = [...world.nodes.map(({ id }) => [process.name, id] as const)];
        this.#tools.cutOff([...pairs, [process.name, AUTHORITY]], fault.forMs);
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
}
