import type { SimNode } from '../redis/sim-node.js';
import { AUTHORITY, type Authority } from '../world/authority.js';
import type { Actor } from './actors.js';
import type { NodeChoice } from './fault-plan.js';
import type { Stage } from './stage.js';

/** What faults are made of. Each is undone after its time, or when all are lifted, whichever comes first. */
export class FaultTools {
  readonly stage: Stage;
  readonly actors: readonly Actor[];
  readonly #undo = new Set<() => void>();
  /** A fault of several steps is under way: others that take a node away wait for its last one. */
  isStaging = false;
  #isOver = false;

  constructor(stage: Stage, actors: readonly Actor[]) {
    this.stage = stage;
    this.actors = actors;
  }

  /** Faults are lifted: nothing begins any more. */
  get isOver(): boolean {
    return this.#isOver;
  }

  lift(): void {
    this.#isOver = true;
    for (const undo of [...this.#undo]) undo();
  }

  /** Runs then, unless faults are lifted before. */
  after(ms: number, run: () => void): void {
    this.stage.world.scheduler.after(ms, () => {
      if (!this.#isOver) run();
    });
  }

  /** `undo` happens after `forMs`, or when faults are lifted. */
  for(forMs: number, undo: () => void): void {
    const once = () => {
      if (this.#undo.delete(once)) undo();
    };
    this.#undo.add(once);
    this.stage.world.scheduler.after(forMs, once);
  }

  /** Looks every `pollMs` until it is so, for `withinMs`. */
  when(isSo: () => boolean, pollMs: number, run: () => void, withinMs = Number.POSITIVE_INFINITY): void {
    if (this.#isOver) return;
    if (isSo()) run();
    else if (withinMs > 0) this.after(pollMs, () => this.when(isSo, pollMs, run, withinMs - pollMs));
  }

  choose(authority: Authority, choice: NodeChoice): SimNode {
    const { master } = authority.naming;
    const replicas = authority.options.nodes.filter((node) => node !== master);
    if (choice === 'master' || replicas.length === 0) return master;
    return replicas[Math.floor(this.stage.random() * replicas.length)]!;
  }

  /** Who handled last. */
  ownerOr(fallback: Actor): Actor {
    const name = this.stage.journal.handlings.at(-1)?.member;
    return this.actors.find(({ process }) => process.name === name) ?? fallback;
  }

  close(actor: Actor, forMs: number): void {
    const { process } = actor;
    if (!process.isRunning || actor.isClosing) return;
    void actor.close().then(() => {
      if (actor.process === process) this.for(forMs, () => actor.start());
    });
  }

  /** Nodes and some processes on one side, everybody else on the other. */
  isolate(
    nodes: readonly SimNode[],
    fault: { readonly companions: number; readonly forMs: number },
    owner?: string,
  ): void {
    const { world, random } = this.stage;
    const processes = this.actors.map(({ process }) => process.name);
    const companions = new Set(
      processes.filter((name) => name === owner || random() < fault.companions / processes.length),
    );
    const near = nodes.map(({ id }) => id);
    const far = [AUTHORITY, ...world.nodes.map(({ id }) => id).filter((id) => !near.includes(id))];
    const pairs = far.flatMap((name) => [...near, ...companions].map((one) => [one, name] as const));
    const others = processes.filter((name) => !companions.has(name));
    this.cutOff([...pairs, ...others.flatMap((name) => near.map((id) => [name, id] as const))], fault.forMs);
  }

  cutOff(pairs: readonly (readonly [string, string])[], forMs: number): void {
    const { world } = this.stage;
    for (const [a, b] of pairs) world.wiring.cut(a, b);
    this.for(forMs, () => {
      for (const [a, b] of pairs) world.wiring.heal(a, b);
      world.trace(() => `healed ${pairs.map((pair) => pair.join('-')).join(' ')}`);
      world.wakeNodes();
    });
  }
}
