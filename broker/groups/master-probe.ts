import type { Clock } from '../clock.js';
import type { Random } from '../random.js';
import type { Master } from '../redis/directory.js';
import { parseGreeting } from '../redis/greeting.js';
import type { Link, OpenLink, RedisCredentials } from '../redis/link.js';
import { parseReplicationInfo } from '../redis/replication-info.js';

export interface MasterProbeOptions {
  readonly master: Master;
  readonly openLink: OpenLink;
  readonly credentials: RedisCredentials & { readonly db?: number };
  readonly replyTimeoutMs: number;
  readonly clock: Clock;
  readonly random: Random;
  /** It has answered as master a question sent at `askedMs`: so many replicas it hears from. */
  onAnswer(history: string, askedMs: number, replicas: number): void;
  /** `isSilent`: its sockets may be open, but it does not answer. */
  onDoubt(reason: string, isSilent: boolean): void;
}

/** A connection of its own to one master, to ask how it is: behind nobody else's commands. */
export class MasterProbe {
  readonly #options: MasterProbeOptions;
  readonly #link: Link;
  #isAsking = false;

  constructor(options: MasterProbeOptions) {
    this.#options = options;
    const { master, openLink, credentials, replyTimeoutMs, clock, random, onDoubt } = options;
    this.#link = openLink({
      name: `probe@${master.id}`,
      address: { ...credentials, host: master.host, port: master.port },
      replyTimeoutMs,
      clock,
      random,
      refuse: ({ role }) => {
        if (role === 'master') return undefined;
        onDoubt('it answers as a replica', false);
        return 'it is a replica';
      },
      onOpen: () => this.ask(),
      onClosed: (reason) => {
        if (!this.#link.isEnded) onDoubt(`probe: ${reason}`, reason.startsWith('no reply'));
      },
    });
  }

  /** The link gives up what is not answered in time, so at most one question is ever on its way. */
  ask(): void {
    if (this.#isAsking || !this.#link.isOpen) return;
    this.#isAsking = true;
    const { clock, onAnswer, onDoubt } = this.#options;
    const askedMs = clock.nowMs();
    this.#link.send(['INFO', 'replication'], (error, reply) => {
      this.#isAsking = false;
      if (error !== undefined) return;
      const greeting = parseGreeting(String(reply));
      if (typeof greeting === 'string') return;
      if (greeting.role === 'master')
        onAnswer(greeting.history, askedMs, parseReplicationInfo(String(reply)).heard.length);
      else {
        onDoubt('it answers as a replica', false);
        this.#link.reset('it is a replica');
      }
    });
  }

  reset(reason: string): void {
    this.#link.reset(reason);
  }

  close(): void {
    this.#link.close();
  }
}
