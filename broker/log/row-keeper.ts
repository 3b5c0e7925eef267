import type { CancelTimer, Clock } from '../clock.js';
import { isNoScript } from '../redis/refusal.js';
import type { LaneSender } from './lane-sender.js';
import { loadTouch, parseTouchReply, sendTouch } from './touch-script.js';

/** Rows are removed after 24 h: a living producer's are never that old, even if Redis is away for hours. */
const TOUCH_AFTER_MS = 6 * 3_600_000;
const CHECK_EVERY_MS = 600_000;

/** Touches the rows of lanes that publish nothing, so that a missing row always means a lost one. */
export class RowKeeper {
  readonly #clock: Clock;
  readonly #senders: () => Iterable<LaneSender>;
  #cancelTimer: CancelTimer | undefined;

  constructor(clock: Clock, senders: () => Iterable<LaneSender>) {
    this.#clock = clock;
    this.#senders = senders;
  }

  start(): void {
    this.#cancelTimer = this.#clock.after(CHECK_EVERY_MS, () => {
      for (const sender of this.#senders()) this.#keep(sender);
      this.start();
    });
  }

  stop(): void {
    this.#cancelTimer?.();
  }

  #keep({ lane, channel, keys }: LaneSender): void {
    const nowMs = this.#clock.nowMs();
    const wallMs = this.#clock.wallMs();
    const { identity, producerId, history } = lane;
    if (identity.idleMs(nowMs, wallMs) < TOUCH_AFTER_MS || channel?.link.history !== history) return;
    sendTouch(channel.link, keys.producers, producerId, (error, reply) => {
      if (error !== undefined) {
        if (isNoScript(error)) loadTouch(channel.link);
      } else if (lane.producerId === producerId && parseTouchReply(reply) === lane.stored) {
        identity.onSeen(nowMs, wallMs);
      }
    });
  }
}
