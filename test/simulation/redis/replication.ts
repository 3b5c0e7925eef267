import { Lineage } from './lineage.js';
import type { SimReply } from './reply.js';
import type { SimNode } from './sim-node.js';

interface LogRecord {
  /** Of the end of this record. */
  readonly offset: number;
  readonly commands: readonly (readonly string[])[];
}

/** How long what a master writes takes to one replica. */
export interface Lag {
  readonly baseMs: number;
  readonly jitterMs: number;
}

const NO_LAG: Lag = { baseMs: 0.2, jitterMs: 0.5 };

interface Replica {
  readonly node: SimNode;
  isInSync: boolean;
  sentOffset: number;
  ackedOffset: number;
}

interface Waiter {
  readonly offset: number;
  readonly count: number;
  answer(count: number): void;
}

/**
 * The replication of one node: as master an ordered log, of which each replica receives a prefix, later; WAIT counts what
 * replicas have said. As replica, whose it is. A replica that joins takes a copy of its master's keys.
 */
export class Replication {
  /** Where the keys of this node come from. */
  lineage: Lineage;
  offset = 0;
  /** How late this node is as a replica. */
  lag: Lag = NO_LAG;
  masterOf: SimNode | undefined;
  readonly #node: SimNode;
  #log: LogRecord[] = [];
  #replicas: Replica[] = [];
  /** Nodes that were told to copy this one, connected or not. */
  readonly #followers = new Set<Replication>();
  #waiters = new Set<Waiter>();
  /** Counts masters: what was under way from a former one is not applied. */
  #term = 0;
  #appliedOffset = 0;

  constructor(node: SimNode) {
    this.#node = node;
    this.lineage = new Lineage(this.#newHistory());
  }

  /** `master_replid` */
  get history(): string {
    return this.lineage.history;
  }

  get isMaster(): boolean {
    return this.masterOf === undefined;
  }

  /** Replicas that copy this master now. */
  get connected(): SimNode[] {
    return this.#replicas.filter((replica) => this.#isStreaming(replica)).map(({ node }) => node);
  }

  /** What this node, as a replica, has of its master's log. */
  get appliedOffset(): number {
    return this.isMaster ? this.offset : this.#appliedOffset;
  }

  /** The replica has all that its master has, as far as the two have talked. */
  isInSync(replica: SimNode): boolean {
    const found = this.#replicas.find(({ node }) => node === replica);
    return found?.isInSync === true && this.#isStreaming(found);
  }

  append(commands: readonly (readonly string[])[]): void {
    for (const command of commands) this.offset += 16 + command.reduce((sum, part) => sum + part.length, 0);
    this.#log.push({ offset: this.offset, commands });
    this.wake();
  }

  /** Calls `answer` with the number of replicas that have confirmed `offset`, when they are `count`. Returns what ends that. */
  wait(offset: number, count: number, answer: (count: number) => void): () => void {
    const waiter: Waiter = { offset, count, answer };
    this.#waiters.add(waiter);
    this.#answerWaiters();
    return () => this.#waiters.delete(waiter);
  }

  confirmedBy(offset: number): number {
    return this.#replicas.filter(({ ackedOffset, isInSync }) => isInSync && ackedOffset >= offset).length;
  }

  /** REPLICAOF NO ONE: a history of its own from here on, with what it has. */
  promote(): void {
    this.#leaveMaster();
    this.lineage = this.lineage.fork(this.#newHistory(), this.#appliedOffset);
    this.offset = Math.max(this.offset, this.#appliedOffset);
    this.#loseReplicas();
  }

  /** REPLICAOF: copies `master`, and forgets what it has that the master has not, once it reaches the master. */
  follow(master: SimNode): void {
    this.#leaveMaster();
    this.masterOf = master;
    master.replication.#followers.add(this);
    this.#loseReplicas();
    for (const waiter of [...this.#waiters]) waiter.answer(-1);
    this.#waiters.clear();
    for (const connection of [...this.#node.connections]) connection.onDemoted();
    this.#synchronize(this.#term);
  }

  /** A cut has healed, a pause is over: what waits goes on. */
  wake(): void {
    for (const replica of this.#replicas) this.#send(replica);
    this.masterOf?.replication.wake();
  }

  onDeath(): void {
    this.#waiters.clear();
    this.#loseReplicas();
  }

  onRestart(isEmpty: boolean): void {
    if (this.masterOf !== undefined) this.follow(this.masterOf);
    else if (isEmpty) this.lineage = new Lineage(this.#newHistory());
    else this.lineage = this.lineage.fork(this.#newHistory(), this.offset);
  }

  role(): SimReply {
    if (this.masterOf !== undefined) {
      const [host, port] = this.masterOf.id.split(':') as [string, string];
      return ['slave', host, Number(port), 'connected', this.#appliedOffset];
    }
    const replicas = this.#replicas.map(({ node, ackedOffset }) => [...node.id.split(':'), String(ackedOffset)]);
    return ['master', this.offset, replicas];
  }

  info(section: string | undefined): string {
    const replication = [
      '# Replication',
      `role:${this.isMaster ? 'master' : 'slave'}`,
      `connected_slaves:${this.connected.length}`,
      ...this.#replicas.map((replica, i) => {
        const [host, port] = replica.node.id.split(':');
        const [state, lag] = [replica.isInSync ? 'online' : 'wait_bgsave', this.#isStreaming(replica) ? 0 : 60];
        return `slave${i}:ip=${host},port=${port},state=${state},offset=${replica.ackedOffset},lag=${lag}`;
      }),
      ...(this.masterOf === undefined ? [] : ['master_link_status:up']),
      `master_replid:${this.history}`,
      `master_repl_offset:${this.isMaster ? this.offset : this.#appliedOffset}`,
    ];
    if (section === 'replication') return `${replication.join('\r\n')}\r\n`;
    const server = ['# Server', 'redis_version:7.0.15', `run_id:${this.history}`, '# Persistence', 'loading:0'];
    return `${[...server, ...replication].join('\r\n')}\r\n`;
  }

  #newHistory(): string {
    let history = '';
    while (history.length < 40) history += Math.floor(this.#node.options.random() * 16).toString(16);
    return history;
  }

  #leaveMaster(): void {
    this.#term++;
    const former = this.masterOf;
    this.masterOf = undefined;
    if (former !== undefined) {
      const { replication } = former;
      replication.#replicas = replication.#replicas.filter(({ node }) => node !== this.#node);
      replication.#followers.delete(this);
    }
  }

  /** They look for their master, until it is one again, or they are told of another one. */
  #loseReplicas(): void {
    this.#replicas = [];
    this.#log = [];
    for (const follower of this.#followers) {
      follower.#term++;
      follower.#synchronize(follower.#term);
    }
  }

  #synchronize(term: number): void {
    const { scheduler, random, wiring } = this.#node.options;
    scheduler.after(5 + random() * 200, () => {
      const master = this.masterOf;
      if (term !== this.#term || master === undefined) return;
      const isReady = this.#node.isReachable && master.isReachable && !wiring.isCut(master.id, this.#node.id);
      if (!isReady || !master.replication.isMaster) {
        if (this.#node.isUp) this.#synchronize(term);
        return;
      }
      this.#node.database = master.database.copy();
      this.lineage = master.replication.lineage;
      const { offset } = master.replication;
      this.#appliedOffset = offset;
      const replica: Replica = { node: this.#node, isInSync: true, sentOffset: offset, ackedOffset: offset };
      master.replication.#replicas = master.replication.#replicas.filter(({ node }) => node !== this.#node);
      master.replication.#replicas.push(replica);
      master.replication.#answerWaiters();
    });
  }

  #isStreaming({ node }: Replica): boolean {
    return node.isReachable && node.replication.masterOf === this.#node && !this.#isCut(node);
  }

  #isCut(replica: SimNode): boolean {
    return this.#node.options.wiring.isCut(this.#node.id, replica.id);
  }

  /** One delivery at a time for each replica: what is written meanwhile leaves with the next. */
  #send(replica: Replica): void {
    const { node, sentOffset } = replica;
    const isUnderWay = sentOffset !== node.replication.#appliedOffset;
    if (isUnderWay || sentOffset >= this.offset || !this.#node.isReachable || !this.#isStreaming(replica)) return;
    replica.sentOffset = this.offset;
    const term = node.replication.#term;
    const { scheduler, random, wiring } = this.#node.options;
    const { baseMs, jitterMs } = node.replication.lag;
    const arrive = () => {
      if (term !== node.replication.#term || !this.#replicas.includes(replica)) return;
      if (!node.isUp) return;
      if (node.isPaused || this.#isCut(node)) {
        scheduler.after(20, arrive);
        return;
      }
      node.replication.#receive(this.#log, replica.sentOffset);
      const acked = replica.sentOffset;
      scheduler.after(wiring.delayMs(), () => this.#acknowledge(replica, acked));
      this.#send(replica);
    };
    scheduler.after(baseMs + random() * jitterMs, arrive);
  }

  #acknowledge(replica: Replica, offset: number): void {
    if (!this.#node.isUp || !this.#replicas.includes(replica)) return;
    if (this.#node.isPaused || this.#isCut(replica.node)) {
      this.#node.options.scheduler.after(20, () => this.#acknowledge(replica, offset));
      return;
    }
    replica.ackedOffset = Math.max(replica.ackedOffset, offset);
    this.#answerWaiters();
    this.#send(replica);
  }

  #receive(log: readonly LogRecord[], offset: number): void {
    let low = 0;
    let high = log.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (log[middle]!.offset <= this.#appliedOffset) low = middle + 1;
      else high = middle;
    }
    for (let i = low; i < log.length && log[i]!.offset <= offset; i++) {
      this.#node.apply(log[i]!.commands);
      this.#appliedOffset = log[i]!.offset;
    }
  }

  #answerWaiters(): void {
    for (const waiter of [...this.#waiters]) {
      const confirmed = this.confirmedBy(waiter.offset);
      if (confirmed >= waiter.count) {
        this.#waiters.delete(waiter);
        waiter.answer(confirmed);
      }
    }
  }
}
