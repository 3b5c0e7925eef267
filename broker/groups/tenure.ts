import type { CancelTimer } from '../clock.js';
import type { GroupKeys } from '../log/keys.js';
import type { Delivery } from './delivery.js';
import type { Acquired, Settlement, Transition } from './group-scripts.js';
import { KeyGate } from './key-gate.js';
import { Position } from './position.js';

/**
 * The ownership of one partition from one acquisition on, bound to one history of the server. When it is over, what it
 * had queued is dropped; handlers that still run are awaited before the next tenure begins.
 */
export class Tenure {
  readonly partition: number;
  readonly keys: GroupKeys;
  readonly token: string;
  readonly fencingToken: number;
  /** Run id of the server that gave the token. */
  readonly history: string;
  readonly position: Position;
  readonly bitmaps: Map<string, Buffer>;
  readonly gate = new KeyGate<Delivery>();
  readonly retryTimers = new Set<CancelTimer>();
  /** The last entry read. */
  cursor: string;
  isOver = false;
  /** Bytes of messages read and not settled. */
  bufferedBytes = 0;
  runningHandlers = 0;
  /** Handled since the last settlement was taken. */
  handled: Delivery[] = [];
  transitions: Transition[] = [];
  /** Sent, or about to be sent again: not confirmed yet. */
  unconfirmed: (Settlement & { readonly handled: readonly Delivery[] }) | undefined;
  isSettling = false;
  /** Messages that this process handled in a former tenure without having it confirmed: `<producer>:<sequence>`. */
  readonly handledBefore: Set<string>;
  lastTrimmedLow = '';
  #onQuiet: (() => void) | undefined;

  constructor(partition: number, keys: GroupKeys, history: string, acquired: Acquired, handledBefore: Set<string>) {
    this.partition = partition;
    this.keys = keys;
    this.token = acquired.token;
    this.fencingToken = Number(acquired.token);
    this.history = history;
    this.position = new Position(acquired.low);
    this.bitmaps = new Map(acquired.bitmaps);
    this.cursor = acquired.low;
    this.handledBefore = handledBefore;
  }

  get hasUnsettledWork(): boolean {
    return this.unconfirmed !== undefined || this.position.isDirty || this.transitions.length > 0;
  }

  /** The next settlement to send; the same one again while it is not confirmed. */
  takeSettlement(): Settlement | undefined {
    if (this.unconfirmed === undefined && this.hasUnsettledWork) {
      this.unconfirmed = {
        change: this.position.takeChange(),
        transitions: this.transitions,
        handled: this.handled,
      };
      this.transitions = [];
      this.handled = [];
    }
    return this.unconfirmed;
  }

  end(): void {
    this.isOver = true;
    for (const cancel of this.retryTimers) cancel();
    this.retryTimers.clear();
  }

  onHandlerReturned(): void {
    this.runningHandlers--;
    if (this.runningHandlers === 0) this.#onQuiet?.();
  }

  /** Resolves when no handler of this tenure runs any more. */
  async quiet(): Promise<void> {
    if (this.runningHandlers === 0) return;
    await new Promise<void>((resolve) => {
      this.#onQuiet = resolve;
    });
  }

  /** What was handled and is not known to be recorded. Messages that were retried are not among it. */
  handledUnconfirmed(): Set<string> {
    const names = new Set(this.handledBefore);
    for (const list of [this.unconfirmed?.handled ?? [], this.handled]) {
      for (const { origin, index, failedAttempts } of list) {
        if (origin !== undefined && failedAttempts === 0)
          names.add(`${origin.producer}:${origin.firstSequence + index}`);
      }
    }
    return names;
  }
}
