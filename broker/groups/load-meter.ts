import type { Clock } from '../clock.js';
import type { Link } from '../redis/link.js';
import type { Reply } from '../redis/wire-command.js';
import type { ConcurrencyLimit } from './concurrency/concurrency-limit.js';
import type { HandlerMeter } from './health/handler-meter.js';
import type { MemberLoad, PartitionLoad } from './member-load.js';
import type { Tenure } from './tenure.js';

export interface LoadMeterOptions {
  readonly group: string;
  readonly clock: Clock;
  readonly limit: Pick<ConcurrencyLimit, 'lasting'>;
  readonly handlers: Pick<HandlerMeter, 'read'>;
  tenures(): readonly Tenure[];
}

/** What came in longer ago than this counts for little. */
const RATE_WINDOW_MS = 5_000;

/** What was known of a partition at the last look. */
interface Seen {
  readonly atMs: number;
  /** Entries that ever came to the log; undefined where Redis does not know. */
  readonly added: number | undefined;
  readonly readMessages: number;
  readonly readEntries: number;
  readonly messagesPerEntry: number;
  /** Undefined at the first look. */
  readonly ratePerSec: number | undefined;
  readonly lag: number;
}

/** Measures what a member's partitions bring: for its reports, with how long its handlers take. */
export class LoadMeter {
  readonly #options: LoadMeterOptions;
  #seen = new Map<Tenure, Seen>();

  constructor(options: LoadMeterOptions) {
    this.#options = options;
  }

  /** Looks at every owned partition: once a second or so, one small command each. */
  measure(): void {
    const tenures = this.#options.tenures();
    this.#seen = new Map([...this.#seen].filter(([tenure]) => tenures.includes(tenure)));
    for (const link of new Set(tenures.map((tenure) => tenure.link))) {
      if (link.isOpen) link.corked(() => this.#ask(link, tenures));
    }
  }

  /** As it was at the last look; without the partitions that were not looked at twice yet. */
  load(): MemberLoad {
    const partitions = new Map<number, PartitionLoad>();
    for (const [{ partition }, { ratePerSec, lag }] of this.#seen) {
      if (ratePerSec !== undefined) partitions.set(partition, { ratePerSec, lag });
    }
    const { clock, limit, handlers } = this.#options;
    const { serviceMs, handlings } = handlers.read(clock.nowMs());
    return { serviceMs: handlings === 0 ? undefined : serviceMs, concurrency: limit.lasting, partitions };
  }

  #ask(link: Link, tenures: readonly Tenure[]): void {
    for (const tenure of tenures) {
      if (tenure.link !== link || tenure.isOver) continue;
      link.send(['XINFO', 'GROUPS', tenure.keys.log], (error, reply) => {
        // Best effort: what failed is asked again with the next look.
        if (error === undefined && !tenure.isOver) this.#take(tenure, groupOf(reply, this.#options.group));
      });
    }
  }

  #take(tenure: Tenure, { entriesRead, lag }: ShownGroup): void {
    const { position, readMessages, readEntries } = tenure;
    const atMs = this.#options.clock.nowMs();
    const before = this.#seen.get(tenure);
    const entries = readEntries - (before?.readEntries ?? 0);
    const messages = readMessages - (before?.readMessages ?? 0);
    const messagesPerEntry = entries > 0 ? messages / entries : (before?.messagesPerEntry ?? 1);
    const added = entriesRead === undefined || lag === undefined ? undefined : entriesRead + lag;
    // Frames that nobody has opened are taken for as large as those that were read last.
    const unread = lag === undefined ? 0 : Math.max(0, lag - position.trackedCount) * messagesPerEntry;
    let ratePerSec: number | undefined;
    if (before !== undefined && atMs > before.atMs) {
      const isCounted = added !== undefined && before.added !== undefined;
      const arrived = isCounted ? Math.max(0, added - before.added) * messagesPerEntry : messages;
      const nowPerSec = (arrived * 1_000) / (atMs - before.atMs);
      const weight = 1 - Math.exp((before.atMs - atMs) / RATE_WINDOW_MS);
      ratePerSec = (before.ratePerSec ?? nowPerSec) + (nowPerSec - (before.ratePerSec ?? nowPerSec)) * weight;
    }
    const seen = { atMs, added, readMessages, readEntries, messagesPerEntry, ratePerSec };
    this.#seen.set(tenure, { ...seen, lag: unread + position.unsettledCount });
  }
}

interface ShownGroup {
  /** Entries up to the position; undefined where Redis does not know, like the lag. */
  readonly entriesRead: number | undefined;
  readonly lag: number | undefined;
}

/** The group among those of the stream, each a flat list of names and values. */
function groupOf(reply: Reply, group: string): ShownGroup {
  for (const flat of Array.isArray(reply) ? (reply as unknown as Reply[][]) : []) {
    const fields = new Map<string, unknown>();
    for (let i = 0; i + 1 < flat.length; i += 2) fields.set(String(flat[i]), flat[i + 1]);
    if (String(fields.get('name')) === group) {
      return { entriesRead: countOf(fields.get('entries-read')), lag: countOf(fields.get('lag')) };
    }
  }
  return { entriesRead: undefined, lag: undefined };
}

function countOf(value: unknown): number | undefined {
  return value === null || value === undefined ? undefined : Number(value);
}
