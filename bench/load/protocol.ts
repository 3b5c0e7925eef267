import type { ClientSpec, Target } from './client.js';

/** What the producer offers. */
export type Load =
  /** As fast as storing and handling allow, both bounded by a window; figures from between warm-up and end. */
  | { readonly kind: 'closed'; readonly warmUpMs: number; readonly measuredMs: number }
  /** At a constant rate, whatever becomes of the messages; latency counts from the intended send time. */
  | { readonly kind: 'open'; readonly ratePerSec: number; readonly warmUpMs: number; readonly measuredMs: number }
  /** So many as fast as storing (or handling) allows, one side at a time. */
  | { readonly kind: 'count'; readonly messages: number };

export interface WorkerTask {
  readonly role: 'producer' | 'consumer';
  readonly client: ClientSpec;
  readonly target: Target;
  readonly topic: string;
  readonly payloadBytes: number;
  readonly load: Load;
  /** Where a CPU profile of the measured time goes. */
  readonly profilePath?: string | undefined;
}

export type ToWorker =
  | { readonly kind: 'task'; readonly task: WorkerTask }
  | { readonly kind: 'begin'; readonly startNs: number }
  /** To the producer, now and then: messages handled so far. */
  | { readonly kind: 'handled'; readonly count: number }
  /** To the consumer: the producer is done, so many were stored. */
  | { readonly kind: 'total'; readonly count: number };

export type FromWorker =
  | { readonly kind: 'ready' }
  | { readonly kind: 'handled'; readonly count: number }
  | { readonly kind: 'done'; readonly figures: WorkerFigures };

export interface WorkerFigures {
  /** Messages in all: stored by a producer, handled by a consumer. */
  readonly messages: number;
  /** Those of the measured time, and how long it was. */
  readonly measured: number;
  readonly seconds: number;
  /** CPU time of the process in the measured time. */
  readonly cpuMs: number;
  readonly peakRssBytes: number;
  /** From intended sending to handling; of a consumer. */
  readonly latencyMs?: { readonly p50: number; readonly p99: number; readonly p999: number };
}
