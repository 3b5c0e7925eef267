import type { Clock } from '../clock.js';
import type { Random } from '../random.js';
import type { Master } from './directory.js';
import type { RedisCredentials } from './link.js';
import { RedisLink } from './redis-link.js';
import { parseReplicationInfo } from './replication-info.js';

const REPLY_TIMEOUT_MS = 1_000;

/** Asks one master which replicas it hears from. */
export class MasterEar {
  readonly masterId: string;
  readonly #clock: Clock;
  readonly #link: RedisLink;
  #askedMs = Number.NEGATIVE_INFINITY;
  #heard: readonly string[] | undefined;
  #isAsking = false;

  constructor(master: Master, credentials: RedisCredentials, clock: Clock, random: Random) {
    this.masterId = master.id;
    this.#clock = clock;
    this.#link = new RedisLink({
      name: `census@${master.id}`,
      address: { ...credentials, host: master.host, port: master.port },
      replyTimeoutMs: REPLY_TIMEOUT_MS,
      clock,
      random,
      onOpen: () => this.ask(),
      onClosed: () => {},
    });
  }

  ask(): void {
    if (this.#isAsking || !this.#link.isOpen) return;
    this.#isAsking = true;
    const askedMs = this.#clock.nowMs();
    this.#link.send(['INFO', 'replication'], (error, reply) => {
      this.#isAsking = false;
      if (error !== undefined) return;
      const info = parseReplicationInfo(String(reply));
      this.#askedMs = askedMs;
      this.#heard = info.role === 'master' ? info.heard : undefined;
    });
  }

  /** Undefined unless it was asked within `freshMs`. */
  heard(freshMs: number): readonly string[] | undefined {
    return this.#clock.nowMs() - this.#askedMs <= freshMs ? this.#heard : undefined;
  }

  close(): void {
    this.#link.close();
  }
}
