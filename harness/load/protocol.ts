import type { DriverCapabilities, DriverEndpoints, ScalingLook } from '../drivers/driver.js';
import type { Scenario } from '../scenario/scenario.js';

/** What passes between the orchestrator and its worker processes (Node's IPC channel, structured clone). */
export type ToWorker =
  | { readonly type: 'init'; readonly job: WorkerJob }
  /** The load starts at this monotonic time. */
  | { readonly type: 'begin'; readonly startNs: number }
  /** Finish what is in flight, close, exit. */
  | { readonly type: 'stop' }
  /** Answer with a `pong` of the same id. */
  | { readonly type: 'ping'; readonly id: number }
  /** Block the event loop until the brake is released (`brake.ts`). */
  | { readonly type: 'stall' }
  /** What the autoscaler asked for is done, or why not. */
  | { readonly type: 'scaled'; readonly request: number; readonly problem?: string };

export type FromWorker =
  /** Connected and able to work since `readyNs`. */
  | { readonly type: 'ready'; readonly readyNs: number; readonly driver: DriverDescription }
  | { readonly type: 'stats'; readonly stats: WorkerStats }
  | { readonly type: 'pong'; readonly id: number }
  /** The last message of a worker that ended in order. */
  | { readonly type: 'finished'; readonly lag?: LagSummary }
  /** The last message of one that did not. */
  | { readonly type: 'failed'; readonly failure: WorkerFailure }
  /** The result of an inventory process. */
  | { readonly type: 'inventory'; readonly reading: PackedInventory }
  /** What an autoscaler asks for, and what it sees. */
  | ScalingMessage
  /** What the probe saw since its last message. */
  | { readonly type: 'probe'; readonly stalls: readonly Stall[]; readonly slices: readonly ProbeSlice[] };

export type ScalingMessage =
  | { readonly type: 'scale'; readonly request: number; readonly members: number; readonly reason: string }
  | { readonly type: 'look'; readonly look: ScalingLook };

/** Everything that a worker process needs to know. */
export interface WorkerJob {
  readonly role: 'control' | 'producer' | 'consumer' | 'autoscaler' | 'inventory';
  /** As the driver sees it. */
  readonly worker: { readonly index: number; readonly count: number; readonly incarnation: number };
  /** As the ledger sees it: the drain's fresh consumer is the one after the last that there may be. */
  readonly ledgerWorker: number;
  /** Of the group, that a consumer opens. */
  readonly members: number;
  readonly scenario: Scenario;
  /** 16 hex digits. */
  readonly nonce: string;
  readonly topic: string;
  readonly group: string;
  readonly endpoints: DriverEndpoints;
  /** Folder of the ledger files; of producers and consumers. */
  readonly ledgerDir: string;
}

export interface DriverDescription {
  readonly name: string;
  readonly version: string;
  readonly capabilities: DriverCapabilities;
}

/** A worker's figures, sent every 250 ms: for the live display and the drain, never for a verdict. */
export interface WorkerStats {
  readonly atNs: number;
  readonly producer?: ProducerStats;
  readonly consumer?: ConsumerStats;
  /** Longest delay of the event loop since the last message. */
  readonly eventLoopMaxMs: number;
  /** Share of one core since the last message. */
  readonly cpuShare: number;
  readonly rssBytes: number;
  /** The driver's own figures, when it has any. */
  readonly gauges?: Readonly<Record<string, number>>;
}

/** Counts since the start of the incarnation; p99 of the last interval, undefined when nothing happened. */
export interface ProducerStats {
  /** Messages of the plan that this incarnation is to send. */
  readonly planned: number;
  readonly sent: number;
  readonly accepted: number;
  readonly rejected: number;
  readonly indeterminate: number;
  /** Handed over and without an outcome. */
  readonly outstanding: number;
  /** The driver says that it would block. */
  readonly blocked: boolean;
  readonly lagP99Ms: number | undefined;
  /** Acknowledgement minus intended send time. */
  readonly publishP99Ms: number | undefined;
}

export interface ConsumerStats {
  readonly started: number;
  readonly done: number;
  readonly failed: number;
  /** Different messages done by this incarnation. */
  readonly distinct: number;
  readonly unexpected: number;
  /** Handlings in progress. */
  readonly inHand: number;
  /** When a handling last began or ended; 0: never. */
  readonly lastHandledNs: number;
  /** START minus intended send time. */
  readonly latencyP99Ms: number | undefined;
}

/** SENT minus intended send time over a producer's life, without the time in which the driver blocked. */
export interface LagSummary {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

export interface WorkerFailure {
  readonly code: WorkerFailureCode;
  readonly message: string;
}

/**
 * driver: could not be loaded or started. crashed: threw where nobody could catch it. ledger: its file could not be
 * written. not-closed: did not finish in time when asked to stop.
 */
export type WorkerFailureCode = 'driver' | 'crashed' | 'ledger' | 'not-closed';

/** Exit codes of worker processes; 0 is an orderly end. */
export const WORKER_EXIT: Readonly<Record<WorkerFailureCode | 'orphaned', number>> = {
  driver: 70,
  crashed: 71,
  ledger: 72,
  'not-closed': 73,
  orphaned: 74,
};

/** An inventory reading as columns: a million stranded messages must fit through the channel. */
export interface PackedInventory {
  readonly stable: boolean;
  readonly scans: number;
  readonly problem: string | undefined;
  readonly ordinals: Uint32Array;
  /** Index into STORED_PLACES. */
  readonly place: Uint8Array;
  readonly copies: Uint32Array;
  readonly corrupt: Uint8Array;
}

/** A time in which the probe could not run: whatever ran then, ran on a machine that stood still for it. */
export interface Stall {
  readonly fromNs: number;
  readonly untilNs: number;
}

/** About 100 ms of the probe's life. */
export interface ProbeSlice {
  readonly fromNs: number;
  readonly untilNs: number;
  /** Share of all CPUs' time that the hypervisor gave to others; 0 where the system does not say. */
  readonly stealShare: number;
  /** How far the wall clock moved against the monotonic one: a clock that was set, or a machine that slept. */
  readonly clockStepMs: number;
}
