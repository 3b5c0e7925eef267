import type { Directory, Master } from '../redis/directory.js';
import type { Link } from '../redis/link.js';
import type { MasterLinks, OpenMasterLinks } from '../redis/master-links.js';
import { BLOCK_MS } from './log-reader.js';

export interface GroupLinksOptions {
  readonly name: string;
  readonly directory: Directory;
  readonly openLinks: OpenMasterLinks;
  readonly replyTimeoutMs: number;
  /** Longest WAIT on the lease link. */
  readonly waitMs: number;
  onOpen(link: Link): void;
  onClosed(link: Link): void;
}

/** A blocking read that outlives its BLOCK by this much has lost its server. */
const READ_GRACE_MS = 1_000;

/**
 * The links of one subscription to each master. Leases have one of their own because WAIT blocks it, reads because XREAD
 * does; in a cluster each partition reads on its own, since one XREAD cannot span hash slots.
 */
export class GroupLinks {
  readonly #lease: MasterLinks;
  readonly #settle: MasterLinks;
  readonly #read: MasterLinks;
  readonly #isCluster: boolean;
  readonly #masterOf = new Map<Link, string>();

  constructor({ name, directory, openLinks, replyTimeoutMs, waitMs, onOpen, onClosed }: GroupLinksOptions) {
    this.#isCluster = directory.topology === 'cluster';
    const open = (purpose: string, timeoutMs: number) =>
      openLinks({
        purpose: `${name}/${purpose}`,
        replyTimeoutMs: timeoutMs,
        onOpen: (link, master) => {
          this.#compareHistories(link, master);
          onOpen(link);
        },
        onClosed: (link) => {
          this.#masterOf.delete(link);
          onClosed(link);
        },
      });
    this.#lease = open('lease', replyTimeoutMs + waitMs);
    this.#settle = open('settle', replyTimeoutMs);
    this.#read = open('read', BLOCK_MS + READ_GRACE_MS);
  }

  lease(slot: number): Link | undefined {
    return this.#lease.of(slot);
  }

  settle(slot: number): Link | undefined {
    return this.#settle.of(slot);
  }

  read(slot: number, partition: number): Link | undefined {
    return this.#read.of(slot, this.#isCluster ? `p${partition}` : 0);
  }

  close(): void {
    for (const links of [this.#read, this.#settle, this.#lease]) links.close();
  }

  /** Links to one master on different histories: those that opened before have not noticed yet. */
  #compareHistories(opened: Link, { id }: Master): void {
    for (const [link, masterId] of this.#masterOf) {
      if (masterId === id && link.history !== opened.history) link.reset('the server was replaced');
    }
    this.#masterOf.set(opened, id);
  }
}
