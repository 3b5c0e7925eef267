import type { CancelTimer, Clock } from '../clock.js';
import type { Directory, Master } from '../redis/directory.js';
import type { Link } from '../redis/link.js';
import { isNoScript, isRedirection } from '../redis/refusal.js';
import type { LaneSender } from './lane-sender.js';
import type { ReplayBuffer } from './replay-buffer.js';
import type { ReplicaNeed } from './replica-need.js';
import { ReplicaWait } from './replica-wait.js';
import { loadTouch, parseTouchReply, sendTouch } from './touch-script.js';

export interface ConfirmerOptions {
  readonly clock: Clock;
  readonly directory: Directory;
  readonly need: ReplicaNeed;
  readonly replay: ReplayBuffer;
  readonly waitMs: number;
  senders(): Iterable<LaneSender>;
  /** A link of its own to the master of the slot: WAIT blocks its connection. */
  linkOf(slot: number): Link | undefined;
  /** Something was confirmed: there may be room. */
  onConfirmed(): void;
  /** The server behind these lanes is not what it was: they are to be compared. */
  onDoubt(master: Master, reason: string): void;
}

/** What one lane had in the log when a WAIT was sent. */
interface Claim {
  readonly sender: LaneSender;
  readonly stored: number;
  readonly viewCount: number;
}

const CONFIRM_EVERY_MS = 100;
/** While nothing is unconfirmed the tail grows old, no more. */
const TAIL_EVERY_MS = 5_000;

/**
 * Has confirmed what was acknowledged without it, off the acknowledgement's path: in `leader` everything, otherwise what
 * the present history took over from the one before. A touch of any row and a WAIT on one link cover all that this master
 * answered before they were sent, for every lane, as long as the history is the same.
 */
export class Confirmer {
  readonly #options: ConfirmerOptions;
  readonly #busy = new Set<string>();
  readonly #waits = new WeakMap<Link, ReplicaWait>();
  #cancelTimer: CancelTimer | undefined;
  #isHurried = false;
  #isStopped = false;

  constructor(options: ConfirmerOptions) {
    this.#options = options;
  }

  /** Something may have become unconfirmed, or entered the tail. Cheap. */
  arm(): void {
    const { replay, need } = this.#options;
    if (this.#isStopped || this.#isHurried) return;
    if (replay.unconfirmedBytes > 0 || need.isDegradedAnywhere) {
      this.#isHurried = true;
      this.#schedule(CONFIRM_EVERY_MS);
    } else if (replay.tailBytes > 0 && this.#cancelTimer === undefined) this.#schedule(TAIL_EVERY_MS);
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }

  /** Asks at once. */
  round(): void {
    const { clock, directory, need, replay } = this.#options;
    const claims = new Map<string, { readonly master: Master; readonly claims: Claim[] }>();
    for (const master of directory.masters()) {
      if (need.isDegraded(master)) claims.set(master.id, { master, claims: [] });
    }
    const anyOf = new Map<string, LaneSender>();
    for (const sender of this.#options.senders()) {
      const { lane, channel } = sender;
      const master = channel === undefined ? undefined : directory.masterOf(sender.slot);
      if (master === undefined || master.id !== channel?.master.id) continue;
      if (lane.history !== channel.link.history || !lane.identity.isUsed) continue;
      anyOf.set(master.id, sender);
      if (!lane.awaitsConfirmation) continue;
      const group = claims.get(master.id) ?? { master, claims: [] };
      claims.set(master.id, group);
      group.claims.push({ sender, stored: lane.stored, viewCount: lane.viewCount });
    }
    for (const [id, group] of claims) {
      const anyone = anyOf.get(id);
      if (anyone !== undefined && !this.#busy.has(id)) this.#confirm(group.master, anyone, group.claims);
    }
    replay.trim(clock.nowMs());
  }

  #confirm(master: Master, anyone: LaneSender, all: readonly Claim[]): void {
    const { need } = this.#options;
    if (need.of(master) === 0 && !need.isDegraded(master)) {
      this.#onConfirmed(all);
      return;
    }
    const link = this.#options.linkOf(anyone.slot);
    if (link === undefined || !link.isOpen) return;
    const isElsewhere = ({ lane }: LaneSender) => lane.history !== link.history;
    const senders = [anyone, ...all.map(({ sender }) => sender)];
    if (senders.some((sender) => isElsewhere(sender) && sender.channel?.isReady)) {
      // A server also takes a new history with its first replica: one of the two links has not noticed.
      this.#options.onDoubt(master, 'two links know different histories');
      return;
    }
    // A touch on this history says nothing of what was stored on another.
    const witness = senders.find((sender) => !isElsewhere(sender));
    if (witness === undefined) return;
    const claims = all.filter(({ sender }) => !isElsewhere(sender));
    const { lane } = witness;
    const isReduced = need.isReduced(master);
    const asked = need.asked(master);
    const { stored, viewCount } = lane;
    let touched: 'yes' | 'no' | 'elsewhere' = 'no';
    this.#busy.add(master.id);
    link.corked(() => {
      sendTouch(link, witness.keys.producers, lane.producerId, (error, reply) => {
        if (error !== undefined) {
          if (isNoScript(error)) loadTouch(link);
          else if (isRedirection(error)) this.#options.directory.refresh();
          return;
        }
        const found = parseTouchReply(reply);
        const isShorter = found !== undefined && found < stored && viewCount === lane.viewCount;
        touched = found === undefined || isShorter ? 'elsewhere' : 'yes';
      });
      this.#waitOn(link).ask(asked, isReduced, (error, answer) => {
        this.#busy.delete(master.id);
        if (touched === 'elsewhere') return this.#options.onDoubt(master, 'the log is not what it was');
        if (touched === 'no' || error !== undefined || answer.confirmed < 0) return;
        need.onAnswer(master, answer.confirmed);
        const verdict = need.judge(master, answer);
        if (verdict === 'enough') this.#onConfirmed(claims);
        else if (verdict === 'one-is-back') this.#options.directory.refresh();
      });
    });
  }

  #onConfirmed(claims: readonly Claim[]): void {
    const nowMs = this.#options.clock.nowMs();
    for (const { sender, stored, viewCount } of claims) sender.lane.confirmThrough(stored, viewCount, nowMs);
    this.#options.replay.trim(nowMs);
    this.#options.onConfirmed();
  }

  #waitOn(link: Link): ReplicaWait {
    let wait = this.#waits.get(link);
    if (wait === undefined) {
      wait = new ReplicaWait(link, false, this.#options.waitMs);
      this.#waits.set(link, wait);
    }
    return wait;
  }

  #schedule(ms: number): void {
    this.#cancelTimer?.();
    this.#cancelTimer = this.#options.clock.after(ms, () => {
      this.#cancelTimer = undefined;
      this.#isHurried = false;
      this.round();
      this.arm();
    });
  }
}
