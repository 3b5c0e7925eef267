import { bandwidth } from './bandwidth.js';
import { down } from './down.js';
import type { FaultKind } from './fault.js';
import { kill } from './kill.js';
import { latency } from './latency.js';
import { limitData } from './limit-data.js';
import { pause } from './pause.js';
import { resetPeer } from './reset-peer.js';
import { restart } from './restart.js';
import { slicer } from './slicer.js';
import { slowClose } from './slow-close.js';
import { timeout } from './timeout.js';

/** Every fault that a scenario can name. Adding one is one file and one line (docs/guide/add-a-fault.md). */
export const FAULT_KINDS: readonly FaultKind[] = [
  latency,
  bandwidth,
  timeout,
  resetPeer,
  slicer,
  limitData,
  slowClose,
  down,
  kill,
  pause,
  restart,
];

export function findFaultKind(name: string): FaultKind | undefined {
  return FAULT_KINDS.find((kind) => kind.name === name);
}
