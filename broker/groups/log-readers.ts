import type { Link } from '../redis/link.js';
import { LogReader, type LogReaderOptions } from './log-reader.js';
import type { Tenure } from './tenure.js';

export interface LogReadersOptions extends Omit<LogReaderOptions, 'link' | 'shareBytes'> {
  /** Bytes that all tenures together may hold unsettled. */
  readonly prefetchBytes: number;
  tenureCount(): number;
}

const MIN_SHARE_BYTES = 64 * 1024;

/** One reader for each link that a tenure reads on. */
export class LogReaders {
  readonly #options: LogReadersOptions;
  readonly #readers = new Map<Link, LogReader>();
  readonly #running = new Set<Promise<void>>();
  readonly #stopped = new AbortController();

  constructor(options: LogReadersOptions) {
    this.#options = options;
  }

  add(tenure: Tenure): void {
    if (this.#stopped.signal.aborted) return;
    for (const [link, idle] of this.#readers) if (link.isEnded) idle.wake();
    const link = tenure.readLink;
    let reader = this.#readers.get(link);
    if (reader === undefined) {
      reader = new LogReader({ ...this.#options, link, shareBytes: () => this.#shareBytes() });
      this.#readers.set(link, reader);
      const run = reader.run(this.#stopped.signal).then(() => {
        this.#readers.delete(link);
        this.#running.delete(run);
      });
      this.#running.add(run);
    }
    reader.add(tenure);
  }

  /** The tenure holds less than its share of what may be held unsettled. */
  hasRoom({ bufferedBytes }: Tenure): boolean {
    return bufferedBytes < this.#shareBytes();
  }

  onLinkOpen(link: Link): void {
    this.#readers.get(link)?.onLinkOpen();
  }

  /** What is being read is given up when its connection closes: see {@link stopped}. */
  stop(): void {
    this.#stopped.abort();
  }

  /** Resolves when no reader runs. */
  async stopped(): Promise<void> {
    await Promise.all(this.#running);
  }

  #shareBytes(): number {
    const { prefetchBytes, tenureCount } = this.#options;
    return Math.max(MIN_SHARE_BYTES, prefetchBytes / Math.max(1, tenureCount()));
  }
}
