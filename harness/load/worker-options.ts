import type { ScalingMessage, ToWorker, WorkerStats } from './protocol.js';
import type { WorkerEnd } from './worker-end.js';

export interface WorkerOptions {
  readonly role: 'producer' | 'consumer' | 'autoscaler';
  /** From 0. The drain's fresh consumer has the index after the last that there may be. */
  readonly index: number;
  /** How many the driver is told there are of its role. */
  readonly count: number;
  /** The drain's fresh consumer: one member, and the driver is told that it is number 0 of 1. */
  readonly fresh?: boolean;
  readonly onStats?: (stats: WorkerStats) => void;
  /** Told of every end, orderly or not. */
  readonly onEnd?: (end: WorkerEnd) => void;
  /** Of an autoscaler. */
  readonly onScaling?: (message: ScalingMessage, reply: (message: ToWorker) => void) => void;
}
