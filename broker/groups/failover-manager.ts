import type { OnBrokerEvent } from '../broker-event.js';
import type { CancelTimer, Clock } from '../clock.js';
import type { Random } from '../random.js';
import type { Directory, Master } from '../redis/directory.js';
import type { OpenLink, RedisCredentials } from '../redis/link.js';
import { MasterLinks, type OpenMasterLinks } from '../redis/master-links.js';
import { slotServedBy } from '../redis/slot.js';
import { type FailoverInput, FailoverMachine } from './failover-machine.js';
import { MasterProbe } from './master-probe.js';

export interface FailoverManagerOptions {
  readonly directory: Directory;
  readonly openLink: OpenLink;
  /** How many replicas publishing waits for on this master. */
  replicasNeeded(master: Master): number;
  readonly credentials: RedisCredentials & { readonly db?: number };
  /** Without a reply for this long a connection is given up. */
  readonly replyTimeoutMs: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly onEvent: OnBrokerEvent;
}

/** Who has to catch up after a failover: a producer replays, a subscription acquires its partitions anew. */
export interface FailoverParticipant {
  readonly duty: 'replay' | 'reacquire';
  /** Its part of what lies on this master works again, on the master's present history. Asked only during a failover. */
  isCaughtUp(master: Master): boolean;
}

interface Watch {
  readonly machine: FailoverMachine;
  probe: MasterProbe;
  /** One of the slots that the master serves: whoever is named for it later is its successor. */
  slot: number;
}

/** How often it is looked whether those who take part have caught up. */
const PROGRESS_EVERY_MS = 20;
const TICK_EVERY_MS = 250;

/**
 * Watches every master: by probes of its own, by the links of everybody else, and by the directory. It reports each step of
 * a failover, and what stalls it un-wedges, by opening connections anew and asking the authority again. It holds nothing up
 * itself: a link that is not open is what freezes publishing and settling.
 */
export class FailoverManager implements Disposable {
  readonly #options: FailoverManagerOptions;
  readonly #watches = new Map<string, Watch>();
  readonly #participants = new Set<FailoverParticipant>();
  readonly #links = new Set<MasterLinks>();
  readonly #stopListening: () => void;
  #cancelTick: CancelTimer;
  #cancelProgress: CancelTimer | undefined;
  /** What is torn down here is no news. */
  #isResetting = false;
  #isClosed = false;

  constructor(options: FailoverManagerOptions) {
    this.#options = options;
    this.#stopListening = options.directory.onChange(() => this.#onDirectoryChange());
    this.#cancelTick = options.clock.after(TICK_EVERY_MS, this.#tick);
    this.#onDirectoryChange();
  }

  /** Links whose breaking is noticed here, and which are opened anew where something stalls. */
  readonly openLinks: OpenMasterLinks = (own) => {
    const { onClosed } = own;
    const links: MasterLinks = new MasterLinks({
      ...this.#options,
      ...own,
      onClosed: (link, master, reason) => {
        onClosed?.(link, master, reason);
        if (!link.isEnded && !this.#isResetting)
          this.#feed(master.id, { kind: 'doubt', reason: `${link.name}: ${reason}` });
      },
      onEnded: () => this.#links.delete(links),
    });
    this.#links.add(links);
    return links;
  };

  /** Failovers are over when it has caught up, too. Returns what ends its part. */
  register(participant: FailoverParticipant): () => void {
    this.#participants.add(participant);
    return () => this.#participants.delete(participant);
  }

  /** Masters in whose failover we are. */
  get underWay(): readonly Master[] {
    return [...this.#watches.values()].flatMap(({ machine }) => (machine.phase === 'normal' ? [] : [machine.master]));
  }

  [Symbol.dispose](): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#stopListening();
    this.#cancelTick();
    this.#cancelProgress?.();
    for (const { probe } of this.#watches.values()) probe.close();
    this.#watches.clear();
  }

  readonly #tick = (): void => {
    this.#cancelTick = this.#options.clock.after(TICK_EVERY_MS, this.#tick);
    for (const { machine, probe } of [...this.#watches.values()]) {
      this.#feed(machine.master.id, { kind: 'tick' });
      probe.ask();
    }
  };

  #onDirectoryChange(): void {
    const { directory } = this.#options;
    const named = new Map(directory.masters().map((master) => [master.id, master]));
    for (const [id, watch] of [...this.#watches]) {
      const same = named.get(id);
      if (same !== undefined) {
        if (directory.masterOf(watch.slot)?.id !== id) watch.slot = slotServedBy(directory, id) ?? 0;
        this.#feed(id, { kind: 'named', master: same });
        continue;
      }
      const successor = directory.masterOf(watch.slot);
      if (successor !== undefined) this.#follow(id, watch, successor);
    }
    for (const [id, master] of named) {
      if (this.#watches.has(id)) continue;
      const slot = slotServedBy(directory, id) ?? 0;
      this.#watches.set(id, { machine: new FailoverMachine(master), probe: this.#openProbe(master), slot });
    }
  }

  #follow(id: string, watch: Watch, successor: Master): void {
    const present = this.#watches.get(successor.id);
    this.#watches.delete(id);
    watch.probe.close();
    // Its slots went, one by one, to a master that was there already: nothing has failed.
    if (present !== undefined && watch.machine.phase === 'normal') return;
    present?.probe.close();
    watch.probe = this.#openProbe(successor);
    this.#watches.set(successor.id, watch);
    this.#advance(watch, { kind: 'named', master: successor });
  }

  #openProbe(master: Master): MasterProbe {
    return new MasterProbe({
      ...this.#options,
      master,
      onAnswer: (history, askedMs, replicas) => this.#feed(master.id, { kind: 'answered', history, askedMs, replicas }),
      onDoubt: (reason, isSilent) => {
        if (this.#isResetting) return;
        if (isSilent) this.#resetLinks(master.id, reason);
        this.#options.directory.refresh();
        this.#feed(master.id, { kind: 'doubt', reason });
      },
    });
  }

  #feed(masterId: string, input: FailoverInput): void {
    const watch = this.#watches.get(masterId);
    if (watch !== undefined) this.#advance(watch, input);
  }

  #advance(watch: Watch, input: FailoverInput): void {
    const { clock, onEvent, directory } = this.#options;
    const { machine } = watch;
    const { events, reset } = machine.on(input, clock.nowMs());
    for (const event of events) onEvent(event);
    if (reset !== undefined) {
      this.#resetLinks(machine.master.id, reset, watch.probe);
      directory.refresh();
    }
    if (machine.phase === 'normal' || this.#isClosed) return;
    // Sent from here on: the answer tells of the time after the step.
    if (events.length > 0) watch.probe.ask();
    this.#cancelProgress ??= clock.after(PROGRESS_EVERY_MS, () => this.#lookForProgress());
  }

  #lookForProgress(): void {
    this.#cancelProgress = undefined;
    for (const watch of [...this.#watches.values()]) {
      const { phase, master } = watch.machine;
      if (phase === 'normal') continue;
      const isDone = (duty: FailoverParticipant['duty']) =>
        [...this.#participants].every((one) => one.duty !== duty || one.isCaughtUp(master));
      const needsLook = phase === 'returned' || phase === 'verified' || phase === 'replayed';
      const isReplayed = needsLook && isDone('replay');
      const isReacquired = isReplayed && isDone('reacquire');
      const needed = this.#options.replicasNeeded(master);
      this.#advance(watch, { kind: 'progress', isReplayed, isReacquired, needed });
    }
  }

  #resetLinks(masterId: string, reason: string, probe?: MasterProbe): void {
    this.#isResetting = true;
    probe?.reset(reason);
    for (const links of [...this.#links]) links.reset(reason, masterId);
    this.#isResetting = false;
  }
}
