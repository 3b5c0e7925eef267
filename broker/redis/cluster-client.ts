import type { BrokerError } from '../broker-error.js';
import type { Clock } from '../clock.js';
import type { Random } from '../random.js';
import { type ClusterNode, parseClusterNodes } from './cluster-view.js';
import { parseFlatMap } from './flat-map.js';
import type { RedisAddress } from './link.js';
import { RedisLink } from './redis-link.js';
import { parseReplicationInfo } from './replication-info.js';

/** What one node says, all of it at one moment. */
export interface ClusterAnswer {
  /** When it was asked. */
  readonly askedMs: number;
  readonly nodes: readonly ClusterNode[];
  /** Replicas that it hears from, if it calls itself master. */
  readonly heard: readonly string[] | undefined;
}

export interface ClusterClientOptions {
  readonly address: RedisAddress;
  readonly clock: Clock;
  readonly random: Random;
  /** It has answered, or has refused to. */
  onAnswer(client: ClusterClient): void;
}

const REPLY_TIMEOUT_MS = 1_000;
/** Of servers that do not let their `cluster-node-timeout` be read. */
const ASSUMED_NODE_TIMEOUT_MS = 2_000;

/** One node of a cluster, as a source of news of the others. */
export class ClusterClient {
  readonly #options: ClusterClientOptions;
  readonly #link: RedisLink;
  #answer: ClusterAnswer | undefined;
  #refusal: BrokerError | undefined;
  #isClustered = true;
  #nodeTimeoutMs = ASSUMED_NODE_TIMEOUT_MS;
  #isAsking = false;

  constructor(options: ClusterClientOptions) {
    this.#options = options;
    const { address, clock, random, onAnswer } = options;
    this.#link = new RedisLink({
      name: `directory@${address.host}:${address.port}`,
      address,
      replyTimeoutMs: REPLY_TIMEOUT_MS,
      clock,
      random,
      onOpen: () => {
        this.#readNodeTimeout();
        this.ask();
      },
      onClosed: () => {},
      onRefused: (error) => {
        this.#refusal = error;
        onAnswer(this);
      },
    });
  }

  /** The last one, however old. */
  get answer(): ClusterAnswer | undefined {
    return this.#answer;
  }

  /** Why it will not answer as it is configured. */
  get refusal(): BrokerError | undefined {
    return this.#refusal;
  }

  /** False when it said that it belongs to no cluster. */
  get isClustered(): boolean {
    return this.#isClustered;
  }

  get nodeTimeoutMs(): number {
    return this.#nodeTimeoutMs;
  }

  get lastReason(): string {
    return this.#link.isOpen ? 'it has not answered' : this.#link.lastReason;
  }

  ask(): void {
    if (this.#isAsking || !this.#link.isOpen) return;
    this.#isAsking = true;
    const { clock, address, onAnswer } = this.#options;
    const askedMs = clock.nowMs();
    let nodes: readonly ClusterNode[] | undefined;
    this.#link.corked(() => {
      this.#link.send(['CLUSTER', 'NODES'], (error, reply) => {
        if (error === undefined) nodes = parseClusterNodes(String(reply), address);
        else if (error.name === 'ReplyError') this.#isClustered = !/cluster support disabled/.test(error.message);
      });
      this.#link.send(['INFO', 'replication'], (error, reply) => {
        this.#isAsking = false;
        if (error === undefined && nodes !== undefined) {
          const { role, heard } = parseReplicationInfo(String(reply));
          this.#answer = { askedMs, nodes, heard: role === 'master' ? heard : undefined };
          this.#refusal = undefined;
        }
        onAnswer(this);
      });
    });
  }

  close(): void {
    this.#link.close();
  }

  #readNodeTimeout(): void {
    this.#link.send(['CONFIG', 'GET', 'cluster-node-timeout'], (error, reply) => {
      const value = Number(parseFlatMap(reply).get('cluster-node-timeout'));
      if (error === undefined && value > 0) this.#nodeTimeoutMs = value;
    });
  }
}
