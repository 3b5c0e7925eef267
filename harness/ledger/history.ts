import type { StoredPlace } from '../drivers/driver.js';
import type { LoadPlan } from '../load/plan.js';

/**
 * Everything that the checker judges a run by: the plan, the ledger files, the inventory and what the harness itself
 * did to the processes. Nothing in it comes from the counters of the system under test.
 */
export interface RunHistory {
  readonly plan: LoadPlan;
  /** The run's nonce, 16 hex digits. */
  readonly nonce: string;
  /** Monotonic time of the start of the load; intended times count from it. */
  readonly startNs: number;
  /** End of the drain (of the fresh consumer). */
  readonly endNs: number;
  readonly files: readonly LedgerFile[];
  /** `undefined`: the driver has none. */
  readonly inventory: InventoryReading | undefined;
  /** When consumers could handle messages, one for each incarnation; without the drain's fresh one. */
  readonly consumers: readonly ReadySpan[];
  readonly incidents: readonly WorkerIncident[];
  /** Workers that ended or went deaf by themselves, for `crashed`. */
  readonly crashes: readonly WorkerCrash[];
  readonly faults: readonly FaultRecord[];
  readonly publishDeadlineMs: number;
  /** Handlings after which a failing message may be dead-lettered, for `collateral`; undefined: unknown. */
  readonly maxAttempts: number | undefined;
  /** The driver's `redeliveryAfterMs`: how long after END a handling may stay unsettled (its settling horizon). */
  readonly redeliveryAfterMs: number;
}

export interface LedgerFile {
  readonly path: string;
  readonly role: 'producer' | 'consumer';
  /** Worker from 0; the drain's fresh consumer has the index after the last. */
  readonly worker: number;
  readonly incarnation: number;
  /** Killed with SIGKILL by a fault, at this time: only then may the file lack its CLOSE and have a torn tail. */
  readonly killedNs: number | undefined;
  /** The drain's fresh consumer: taking over every partition, its moves are the harness's. */
  readonly fresh?: boolean;
}

/** The last of the inventory's scans: per message the places where it was found. */
export interface InventoryReading {
  /** false: never two equal scans in a row, hung, or threw: then it counts as empty. */
  readonly stable: boolean;
  readonly scans: number;
  readonly problem: string | undefined;
  readonly items: readonly InventoryItem[];
}

export interface InventoryItem {
  /** NO_ORDINAL when the message is none of this run's. */
  readonly ordinal: number;
  readonly place: StoredPlace;
  /** Copies found there. */
  readonly copies: number;
  /** Payload, id or key are not what was sent. */
  readonly corrupt: boolean;
}

/** Of one incarnation of a worker: from when it said that it was ready to its end. */
export interface ReadySpan {
  /** From 0. */
  readonly worker: number;
  readonly fromNs: number;
  readonly untilNs: number;
}

/** What the harness did to a worker: it excuses duplicates and withholds messages. */
export interface WorkerIncident {
  readonly role: 'producer' | 'consumer';
  readonly worker: number;
  readonly incarnation: number;
  /**
   * `paused`: by SIGSTOP, or stalled: nothing of it ran, and then it went on.
   * `stopped`: in order, by a fault. It withholds like a kill, but excuses no duplicate: the worker could settle.
   */
  readonly kind: 'killed' | 'stopped' | 'paused' | 'cut-off';
  readonly fromNs: number;
  /** Until it was ready again; the end of the run if never. */
  readonly untilNs: number;
}

/** A worker's end (or silence) that no fault of the scenario ordered. */
export interface WorkerCrash {
  readonly role: 'producer' | 'consumer' | 'autoscaler';
  readonly worker: number;
  readonly incarnation: number;
  readonly atNs: number;
  /** `error`: of the driver. `signal`: SIGABRT, SEGV, BUS, ILL or FPE. `deaf`: unsignalled and silent for 10 s. */
  readonly cause: 'error' | 'signal' | 'out-of-memory' | 'deaf';
  readonly detail: string;
}

/** A fault as it happened. Monotonic ns, like every time here; `undefined`: it never came to that. */
export interface FaultRecord {
  /** The fault's id; further injections of a repeated one are `<id>#2`, `<id>#3`, ... */
  readonly id: string;
  readonly kind: string;
  readonly description: string;
  readonly plannedNs: number;
  readonly injectedNs: number | undefined;
  readonly liftedNs: number | undefined;
  readonly tookHold: boolean;
  readonly observed: string;
  readonly affected: readonly string[];
}
