import { type Clock, pause } from '../clock.js';
import type { Link } from '../redis/link.js';
import { isRedirection } from '../redis/refusal.js';
import type { CommandArgument, Reply } from '../redis/wire-command.js';
import type { RawEntry } from './entry-reader.js';
import type { Tenure } from './tenure.js';

export interface LogReaderOptions {
  readonly link: Link;
  readonly clock: Clock;
  /** Bytes that one tenure may hold unsettled. */
  shareBytes(): number;
  /** Takes an entry in; returns the bytes of its messages. */
  onEntry(tenure: Tenure, entry: RawEntry): number;
  /** All entries of one reply were handed over. */
  onRead(): void;
  /** Another node may be responsible. */
  refresh(): void;
}

export const BLOCK_MS = 1_000;
/** While a partition is left out (it holds its share already) a read must not block long: nothing would end it. */
const SHORT_BLOCK_MS = 10;
const RETRY_MS = 20;
const MAX_COUNT = 512;
/** The size of a full frame: nothing is known of a log that is read for the first time. */
const FIRST_ENTRY_BYTES = 256 * 1024;
/** Behind a handler that never returns a partition is not read without end: each entry is remembered, and has a bitmap. */
const MAX_TRACKED_ENTRIES = 65_536;

/** A read that brought so much is followed by another one at once; below it everything there was has come. */
const LARGE_READ_BYTES = 64 * 1024;

/** Reads the partitions of one link, each from its own cursor: one read at a time, which waits where nothing is there. */
export class LogReader {
  readonly #options: LogReaderOptions;
  #tenures: Tenure[] = [];
  /** So that COUNT (entries) can follow a limit in bytes: grows at once, shrinks as a moving average. */
  #entryBytes = FIRST_ENTRY_BYTES;
  /** Of the messages that the last read brought. */
  #lastBytes = 0;
  /** As the server names this connection; undefined while it has not told. */
  #clientId: number | undefined;
  #isBlocked = false;
  #onWake: (() => void) | undefined;

  constructor(options: LogReaderOptions) {
    this.#options = options;
    if (options.link.isOpen) this.onLinkOpen();
  }

  /** From now on the tenure's log is read, too. */
  add(tenure: Tenure): void {
    this.#tenures.push(tenure);
    this.wake();
    if (!this.#isBlocked || this.#clientId === undefined) return;
    // Best effort: what is being waited for does not include the new one. Otherwise it has to wait for the BLOCK's end.
    tenure.link.send(['CLIENT', 'UNBLOCK', this.#clientId], () => {});
  }

  /** Looks again, if it rests. */
  wake(): void {
    this.#onWake?.();
  }

  /** Names change with each connection. */
  onLinkOpen(): void {
    this.#clientId = undefined;
    this.#options.link.send(['CLIENT', 'ID'], (error, reply) => {
      if (error === undefined) this.#clientId = Number(reply);
    });
  }

  /** Runs until `signal` aborts, or the link has ended. */
  async run(signal: AbortSignal): Promise<void> {
    const { link, clock, shareBytes } = this.#options;
    while (!signal.aborted && !link.isEnded) {
      if (!(await link.whenOpen(signal))) continue;
      this.#tenures = this.#tenures.filter((tenure) => !tenure.isOver && !tenure.isLeaving);
      // A tenure of another history than the link's is about to end.
      const owned = this.#tenures.filter((tenure) => tenure.history === link.history);
      const share = shareBytes();
      const wanted = owned.filter((tenure) => hasRoom(tenure, share));
      if (this.#tenures.length === 0) await this.#woken(signal);
      else if (wanted.length === 0) await pause(clock, owned.length === 0 ? RETRY_MS : SHORT_BLOCK_MS / 2, signal);
      else if (!(await this.#read(wanted, share, wanted.length < owned.length ? SHORT_BLOCK_MS : BLOCK_MS))) {
        await pause(clock, RETRY_MS, signal);
      }
    }
  }

  /** Returns whether Redis has answered. */
  async #read(wanted: readonly Tenure[], shareBytes: number, blockMs: number): Promise<boolean> {
    const { onEntry, onRead, refresh } = this.#options;
    let free = Number.POSITIVE_INFINITY;
    for (const tenure of wanted) free = Math.min(free, shareBytes - tenure.bufferedBytes);
    const count = Math.max(1, Math.min(MAX_COUNT, Math.floor(free / this.#entryBytes)));
    const keys = wanted.map((tenure) => tenure.keys.log);
    const ids = wanted.map((tenure) => tenure.cursor);
    const isMoreThere = this.#lastBytes >= LARGE_READ_BYTES;
    let reply: Reply;
    this.#isBlocked = !isMoreThere;
    try {
      reply = await this.#send(count, isMoreThere ? undefined : blockMs, ['STREAMS', ...keys, ...ids]);
    } catch (error) {
      // The link is closed, or Redis refuses for now.
      if (isRedirection(error as Error)) refresh();
      return false;
    } finally {
      this.#isBlocked = false;
    }
    let readBytes = 0;
    const byLog = new Map(wanted.map((tenure) => [tenure.keys.log, tenure]));
    for (const [log, entries] of streamsOf(reply)) {
      const tenure = byLog.get(log.toString())!;
      for (const entry of entries) {
        if (tenure.isOver) break;
        const bytes = onEntry(tenure, entry);
        readBytes += bytes;
        this.#entryBytes = Math.max(64, bytes, this.#entryBytes + (bytes - this.#entryBytes) / 16);
      }
    }
    this.#lastBytes = readBytes;
    onRead();
    return true;
  }

  /**
   * A read that waits is answered with the first log that something comes to, while others get theirs in the same turn of
   * the server. So with several logs a read of one entry does the waiting, and the read behind it, in the same write, brings
   * that entry again together with all others: a round trip less for most of them.
   */
  #send(count: number, blockMs: number | undefined, streams: readonly CommandArgument[]): Promise<Reply> {
    const { link } = this.#options;
    const isOneLog = streams.length === 3;
    if (blockMs !== undefined && isOneLog) return link.call('XREAD', 'COUNT', count, 'BLOCK', blockMs, ...streams);
    if (blockMs === undefined) return link.call('XREAD', 'COUNT', count, ...streams);
    return new Promise((resolve, reject) => {
      let failure: Error | undefined;
      link.corked(() => {
        link.send(['XREAD', 'COUNT', 1, 'BLOCK', blockMs, ...streams], (error) => {
          failure = error;
        });
        link.send(['XREAD', 'COUNT', count, ...streams], (error, reply) => {
          failure ??= error;
          if (failure === undefined) resolve(reply);
          else reject(failure);
        });
      });
    });
  }

  #woken(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        this.#onWake = undefined;
        signal.removeEventListener('abort', done);
        resolve();
      };
      this.#onWake = done;
      signal.addEventListener('abort', done, { once: true });
    });
  }
}

function hasRoom({ bufferedBytes, position }: Tenure, shareBytes: number): boolean {
  return bufferedBytes < shareBytes && position.trackedCount < MAX_TRACKED_ENTRIES;
}

/** RESP3 answers a map (flat, as ioredis maps it), RESP2 a list of pairs; nil where nothing came. */
function streamsOf(reply: Reply): [Buffer, RawEntry[]][] {
  if (!Array.isArray(reply)) return [];
  if (Array.isArray(reply[0])) return reply as unknown as [Buffer, RawEntry[]][];
  const streams: [Buffer, RawEntry[]][] = [];
  for (let i = 0; i + 1 < reply.length; i += 2)
    streams.push([reply[i], reply[i + 1]] as unknown as [Buffer, RawEntry[]]);
  return streams;
}
