import type { CancelTimer } from '../clock.js';
import { laterEntryId } from '../log/entry-id.js';
import type { GroupKeys } from '../log/keys.js';
import type { Suspicion } from '../recovery/suspicion.js';
import type { Link } from '../redis/link.js';
import type { Delivery } from './delivery.js';
import type { Settlement, Transition } from './group-scripts.js';
import type { HandledLog } from './handled-log.js';
import { KeyGate } from './key-gate.js';
import type { Lease } from './lease.js';
import type { Acquired, Named } from './lease-scripts.js';
import { Position, type TrackedEntry } from './position.js';

export interface TenureOptions {
  readonly partition: number;
  readonly keys: GroupKeys;
  readonly lease: Lease;
  readonly acquired: Acquired;
  /** For everything but reads: a blocking read would hold settlements up. */
  readonly link: Link;
  readonly readLink: Link;
  /** Outlives the tenure. */
  readonly handledLog: HandledLog;
}

/** A handler of a former tenure that still runs, and the messages that wait for nothing but its return. */
export interface Leftover {
  readonly delivery: Delivery;
  readonly waiting: Delivery[];
}

/**
 * The ownership of one partition from one acquisition on, bound to one history of the server: positions, cursor and entry
 * ids mean nothing on another one. When it is over, what it had queued is dropped.
 */
export class Tenure {
  readonly partition: number;
  readonly keys: GroupKeys;
  readonly token: string;
  readonly fencingToken: number;
  /** `master_replid` of the server that gave the token. */
  readonly history: string;
  readonly link: Link;
  readonly readLink: Link;
  readonly handledLog: HandledLog;
  readonly position: Position;
  readonly bitmaps: Map<string, Buffer>;
  readonly gate = new KeyGate<Delivery>();
  readonly retryTimers = new Set<CancelTimer>();
  /** By key: what waits for the time of its next attempt, while others of the key wait behind it. */
  readonly parked = new Map<string, { readonly delivery: Delivery; readonly cancel: CancelTimer }>();
  /** Told when it is over. */
  readonly onOver = new Set<() => void>();
  /** While messages of it are suspected to have ended its former owner. */
  suspicion: Suspicion | undefined;
  /** The last entry of the log of which a handler was started. */
  begun: TrackedEntry | undefined;
  #namedHi = '';
  readonly #lease: Lease;
  leftovers: Leftover[] = [];
  /** Ready, but it was not certain that the lease is held, or that settlements can be recorded. */
  stalled: Delivery[] = [];
  /** The last entry read. */
  cursor: string;
  /** The last redrive that was taken in, and the last of which a renewal told: see redrive.lua. */
  takenRedrive: number;
  announcedRedrive: number;
  isTakingRedrive = false;
  isOver = false;
  /** It is to be given back: no handler starts any more. */
  isLeaving = false;
  /** Bytes of messages read and not settled. */
  bufferedBytes = 0;
  /** Of the log, settled or not. */
  readEntries = 0;
  readMessages = 0;
  transitions: Transition[] = [];
  /** Sent, or about to be sent again: not confirmed yet. */
  unconfirmed: Settlement | undefined;
  isSettling = false;
  lastTrimmedLow = '';
  lastShownLow = '';

  constructor({ partition, keys, lease, acquired, link, readLink, handledLog }: TenureOptions) {
    this.partition = partition;
    this.keys = keys;
    this.#lease = lease;
    this.token = acquired.token;
    this.fencingToken = Number(acquired.token);
    this.history = acquired.history;
    this.link = link;
    this.readLink = readLink;
    this.handledLog = handledLog;
    this.position = new Position(acquired.low, acquired.entries);
    this.bitmaps = new Map(acquired.bitmaps);
    this.cursor = acquired.low;
    this.takenRedrive = acquired.redriven;
    this.announcedRedrive = acquired.redriven;
  }

  /** Whether a handler may start now. While settlements cannot be recorded handled work would only pile up. */
  mayHandle(nowMs: number): boolean {
    return !this.isOver && !this.isLeaving && this.link.isOpen && this.#lease.isHeld(nowMs);
  }

  /** What the renewal that is about to be sent names. */
  name(): Named {
    this.#namedHi = laterEntryId(this.begun?.id ?? '', this.suspicion?.hi ?? '');
    return { hi: this.#namedHi, isCleared: this.suspicion === undefined };
  }

  /** The last entry that the last renewal has named. */
  get namedHi(): string {
    return this.#namedHi;
  }

  get hasUnsettledWork(): boolean {
    return this.unconfirmed !== undefined || this.position.isDirty || this.transitions.length > 0;
  }

  /** The next settlement to send; the same one again while it is not confirmed. */
  takeSettlement(): Settlement | undefined {
    if (this.unconfirmed === undefined && this.hasUnsettledWork) {
      this.unconfirmed = { change: this.position.takeChange(), transitions: this.transitions };
      this.transitions = [];
    }
    return this.unconfirmed;
  }

  end(): void {
    this.isOver = true;
    for (const cancel of this.retryTimers) cancel();
    this.retryTimers.clear();
    this.parked.clear();
    this.stalled = [];
    for (const tell of [...this.onOver]) tell();
    this.onOver.clear();
  }
}
