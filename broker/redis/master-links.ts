import type { BrokerError } from '../broker-error.js';
import type { OnBrokerEvent } from '../broker-event.js';
import type { Clock } from '../clock.js';
import type { Random } from '../random.js';
import type { Directory, Master } from './directory.js';
import { parseGreeting } from './greeting.js';
import type { Greeting, Link, OpenLink, RedisCredentials } from './link.js';

export interface MasterLinksOptions {
  /** Names the links, for the server's client list and for events: `publish` -> `publish@127.0.0.1:6379`. */
  readonly purpose: string;
  readonly directory: Directory;
  readonly openLink: OpenLink;
  /** As in the endpoint: `credentialsOf(endpoint)`. */
  readonly credentials: RedisCredentials & { readonly db?: number };
  readonly replyTimeoutMs: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly onEvent: OnBrokerEvent;
  /** The link is open (again): its server has said that it is a master, on history `link.history`. */
  onOpen?(link: Link, master: Master): void;
  /** It was open. Outstanding commands have failed already; `link.isEnded` when the directory names another master. */
  onClosed?(link: Link, master: Master, reason: string): void;
  onRefused?(error: BrokerError, master: Master): void;
  /** All of them are closed for good. */
  onEnded?(): void;
}

/** {@link MasterLinks} with everything filled in that is the same for the whole broker. */
export type OpenMasterLinks = (
  options: Pick<MasterLinksOptions, 'purpose' | 'onOpen' | 'onClosed'> & { readonly replyTimeoutMs?: number },
) => MasterLinks;

interface Entry {
  readonly link: Link;
  master: Master;
}

/**
 * The links of one purpose to the masters that the directory names: one for each (master, stream), opened when first asked
 * for. An open one leads to a server that the authority names and that calls itself master: while a master is not verified
 * there is no open link to it, and that is how publishing and settling freeze. A link to what is no master any more is
 * closed for good; a master that is named again at a higher epoch has to show the same history, or is greeted again.
 */
export class MasterLinks implements Disposable {
  readonly #options: MasterLinksOptions;
  readonly #byMaster = new Map<string, Map<number | string, Entry>>();
  readonly #waiters = new Set<() => void>();
  readonly #stopListening: () => void;
  #isClosed = false;

  constructor(options: MasterLinksOptions) {
    this.#options = options;
    this.#stopListening = options.directory.onChange(() => this.#onDirectoryChange());
  }

  get directory(): Directory {
    return this.#options.directory;
  }

  get purpose(): string {
    return this.#options.purpose;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** The link to the slot's present master; undefined while the directory names nobody, and after {@link close}. */
  of(slot: number, stream: string | number = 0): Link | undefined {
    const master = this.#options.directory.masterOf(slot);
    if (master === undefined || this.#isClosed) return undefined;
    return (this.#byMaster.get(master.id)?.get(stream) ?? this.#open(master, stream)).link;
  }

  /** Resolves with that link as soon as it is open; with undefined when `signal` aborts, or this is closed. */
  async whenOpen(slot: number, signal?: AbortSignal, stream: string | number = 0): Promise<Link | undefined> {
    while (!signal?.aborted && !this.#isClosed) {
      const link = this.of(slot, stream);
      if (link?.isOpen) return link;
      await new Promise<void>((resolve) => {
        const wake = () => {
          signal?.removeEventListener('abort', wake);
          this.#waiters.delete(wake);
          resolve();
        };
        this.#waiters.add(wake);
        signal?.addEventListener('abort', wake, { once: true });
      });
    }
    return undefined;
  }

  /** All that were asked for and whose master is still named, open or not. */
  all(): Link[] {
    return [...this.#byMaster.values()].flatMap((streams) => [...streams.values()].map(({ link }) => link));
  }

  /** Why there is no open link to the slot's master. */
  lastReason(slot: number): string {
    const { directory } = this.#options;
    return directory.masterOf(slot) === undefined ? 'no master is named' : (this.of(slot)?.lastReason ?? 'closed');
  }

  /** Tears the links down (those to `masterId`, or all); they are opened anew. */
  reset(reason: string, masterId?: string): void {
    for (const [id, streams] of [...this.#byMaster]) {
      if (masterId !== undefined && id !== masterId) continue;
      for (const { link } of [...streams.values()]) link.reset(reason);
    }
  }

  /** Asks the authority again, soon: after MOVED, READONLY, or whatever else makes the naming doubtful. */
  refresh(): void {
    this.#options.directory.refresh();
  }

  /** Closes all of them for good. Twice is safe. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#stopListening();
    for (const link of this.all()) link.close();
    this.#byMaster.clear();
    this.#wake();
    this.#options.onEnded?.();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #open(master: Master, stream: string | number): Entry {
    const { purpose, openLink, credentials, replyTimeoutMs, clock, random, onEvent, directory } = this.#options;
    const name = `${purpose}@${master.id}${stream === 0 ? '' : `#${stream}`}`.replace(/[^\w./:@#-]/g, '-');
    const link: Link = openLink({
      name,
      address: { ...credentials, host: master.host, port: master.port },
      replyTimeoutMs,
      clock,
      random,
      refuse: (greeting) => this.#refuse(greeting),
      onOpen: () => {
        onEvent({ kind: 'connected', link: name, history: link.history });
        this.#options.onOpen?.(link, entry.master);
        this.#wake();
      },
      onClosed: (reason) => {
        onEvent({ kind: 'disconnected', link: name, reason });
        if (!link.isEnded) directory.refresh();
        this.#options.onClosed?.(link, entry.master, reason);
      },
      onRefused: (error) => this.#options.onRefused?.(error, entry.master),
    });
    const entry: Entry = { link, master };
    let streams = this.#byMaster.get(master.id);
    if (streams === undefined) {
      streams = new Map();
      this.#byMaster.set(master.id, streams);
    }
    streams.set(stream, entry);
    return entry;
  }

  #refuse({ role }: Greeting): string | undefined {
    if (role === 'master') return undefined;
    this.#options.directory.refresh();
    return 'it is a replica';
  }

  #onDirectoryChange(): void {
    const named = new Map(this.#options.directory.masters().map((master) => [master.id, master]));
    for (const [id, streams] of [...this.#byMaster]) {
      const master = named.get(id);
      if (master === undefined) {
        this.#byMaster.delete(id);
        for (const { link } of streams.values()) link.close();
        continue;
      }
      for (const entry of [...streams.values()]) {
        const isNamedAnew = master.epoch !== entry.master.epoch;
        entry.master = master;
        if (isNamedAnew) this.#compareHistory(entry);
      }
    }
    this.#wake();
  }

  /** Demoted and promoted in between, a server may have lost writes without having closed this connection. */
  #compareHistory({ link, master }: Entry): void {
    if (!link.isOpen) return;
    link.send(['INFO', 'replication'], (error, reply) => {
      const greeting = error === undefined ? parseGreeting(String(reply)) : undefined;
      const isSame = typeof greeting === 'object' && greeting.history === link.history && greeting.role === 'master';
      if (!isSame) link.reset(`named anew, at epoch ${master.epoch}`);
    });
  }

  #wake(): void {
    for (const wake of [...this.#waiters]) wake();
  }
}
