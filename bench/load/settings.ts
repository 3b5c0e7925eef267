import { PARTITIONS, PAYLOAD_BYTES } from './client.js';
import { OPEN_LOOP_RATE_PER_SEC } from './pair.js';

/** What all pairs of processes have in common. */
export function pairSettings(): Readonly<Record<string, string | number>> {
  return {
    payloadBytes: PAYLOAD_BYTES,
    partitions: PARTITIONS,
    openLoopPerSec: OPEN_LOOP_RATE_PER_SEC,
    processes: '1 producer, 1 consumer',
    persistence: 'none',
  };
}
