import { type Clock, pause } from '../clock.js';
import type { Link } from '../redis/link.js';
import type { Reply } from '../redis/wire-command.js';
import type { RawEntry } from './entry-reader.js';
import type { Tenure } from './tenure.js';

export interface LogReaderOptions {
  readonly link: Link;
  readonly clock: Clock;
  /** Bytes that all tenures together may hold unsettled. */
  readonly prefetchBytes: number;
  tenures(): readonly Tenure[];
  /** Takes an entry in; returns the bytes of its messages. */
  onEntry(tenure: Tenure, entry: RawEntry): number;
  /** All entries of one reply were handed over. */
  onRead(): void;
}

export const BLOCK_MS = 1_000;
/** While a partition is left out (it holds its share already) a read must not block long: nothing would end it. */
const SHORT_BLOCK_MS = 10;
const RETRY_MS = 20;
const MIN_SHARE_BYTES = 64 * 1024;
const MAX_COUNT = 512;

/** Reads all owned partitions with one blocking XREAD at a time, each from its own cursor. */
export class LogReader {
  readonly #options: LogReaderOptions;
  /** Moving average, so that COUNT (entries) can follow a limit in bytes. */
  #entryBytes = 4096;

  constructor(options: LogReaderOptions) {
    this.#options = options;
  }

  /** Runs until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { link, clock } = this.#options;
    while (!signal.aborted) {
      if (!(await link.whenOpen(signal))) continue;
      const owned = this.#options.tenures().filter((tenure) => !tenure.isOver && tenure.history === link.history);
      const shareBytes = Math.max(MIN_SHARE_BYTES, this.#options.prefetchBytes / Math.max(1, owned.length));
      const wanted = owned.filter((tenure) => tenure.bufferedBytes < shareBytes);
      if (wanted.length === 0) {
        await pause(clock, owned.length === 0 ? RETRY_MS : SHORT_BLOCK_MS / 2, signal);
        continue;
      }
      try {
        await this.#read(wanted, shareBytes, wanted.length < owned.length ? SHORT_BLOCK_MS : BLOCK_MS);
      } catch {
        // The link is closed, or Redis refuses for now.
        await pause(clock, RETRY_MS, signal);
      }
    }
  }

  async #read(wanted: readonly Tenure[], shareBytes: number, blockMs: number): Promise<void> {
    const { link, onEntry, onRead } = this.#options;
    let free = Number.POSITIVE_INFINITY;
    for (const tenure of wanted) free = Math.min(free, shareBytes - tenure.bufferedBytes);
    const count = Math.max(1, Math.min(MAX_COUNT, Math.floor(free / this.#entryBytes)));
    const keys = wanted.map((tenure) => tenure.keys.log);
    const ids = wanted.map((tenure) => tenure.cursor);
    const reply = await link.call('XREAD', 'COUNT', count, 'BLOCK', blockMs, 'STREAMS', ...keys, ...ids);
    const byLog = new Map(wanted.map((tenure) => [tenure.keys.log, tenure]));
    for (const [log, entries] of streamsOf(reply)) {
      const tenure = byLog.get(log.toString())!;
      for (const entry of entries) {
        if (tenure.isOver) break;
        const bytes = onEntry(tenure, entry);
        this.#entryBytes += (Math.max(64, bytes) - this.#entryBytes) / 16;
      }
    }
    onRead();
  }
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
