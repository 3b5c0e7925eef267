import type { BrokerError } from '../broker-error.js';
import type { Clock } from '../clock.js';
import type { Random } from '../random.js';
import type { RedisAddress } from './link.js';
import { RedisLink } from './redis-link.js';
import { parseSentinelAnswer, type SentinelAnswer } from './sentinel-view.js';
import type { Reply } from './wire-command.js';

export interface SentinelClientOptions {
  readonly address: RedisAddress;
  readonly master: string;
  readonly clock: Clock;
  readonly random: Random;
  /** It has answered, or has refused to. */
  onAnswer(): void;
  /** It has seen something happen: it should be asked. */
  onEvent(): void;
}

const CHANNELS = ['+switch-master', '+promoted-slave', '+sdown', '-sdown', '+odown', '-odown', '+slave', '+reboot'];
/** A Sentinel that is stopped is asked again on another connection after this. */
const REPLY_TIMEOUT_MS = 1_000;

/** One Sentinel: asked when {@link ask} says so, and heard when it announces. */
export class SentinelClient {
  readonly #options: SentinelClientOptions;
  readonly #link: RedisLink;
  #answer: SentinelAnswer | undefined;
  #refusal: BrokerError | undefined;
  #knowsMaster = true;
  #isAsking = false;

  constructor(options: SentinelClientOptions) {
    this.#options = options;
    const { address, clock, random, onEvent } = options;
    this.#link = new RedisLink(
      {
        name: `directory@${address.host}:${address.port}`,
        address,
        replyTimeoutMs: REPLY_TIMEOUT_MS,
        clock,
        random,
        onOpen: () => this.ask(),
        onClosed: () => {},
        onRefused: (error) => {
          this.#refusal = error;
          options.onAnswer();
        },
      },
      { channels: CHANNELS, onMessage: onEvent },
    );
  }

  /** The last one, however old. */
  get answer(): SentinelAnswer | undefined {
    return this.#answer;
  }

  /** Why it will not answer as it is configured. */
  get refusal(): BrokerError | undefined {
    return this.#refusal;
  }

  /** False when it said that it watches no such master. */
  get knowsMaster(): boolean {
    return this.#knowsMaster;
  }

  get lastReason(): string {
    return this.#link.isOpen ? 'it has not answered' : this.#link.lastReason;
  }

  ask(): void {
    if (this.#isAsking || !this.#link.isOpen) return;
    this.#isAsking = true;
    const { master, clock, onAnswer } = this.#options;
    const askedMs = clock.nowMs();
    const replies: Reply[] = [];
    const onReply = (error: Error | undefined, reply: Reply, isLast: boolean) => {
      if (error?.name === 'ReplyError') this.#knowsMaster = !/no such master/i.test(error.message);
      replies.push(reply);
      if (!isLast) return;
      this.#isAsking = false;
      const answer = parseSentinelAnswer(askedMs, replies);
      if (answer !== undefined) {
        this.#answer = answer;
        this.#knowsMaster = true;
        this.#refusal = undefined;
      }
      onAnswer();
    };
    this.#link.corked(() => {
      for (const [i, command] of COMMANDS.entries()) {
        const isLast = i === COMMANDS.length - 1;
        this.#link.send(['SENTINEL', command, master], (error, reply) => onReply(error, reply, isLast));
      }
    });
  }

  close(): void {
    this.#link.close();
  }
}

const COMMANDS = ['get-master-addr-by-name', 'MASTER', 'REPLICAS', 'get-master-addr-by-name'];
