import { bandwidth } from './bandwidth.js';
import { clientKill } from './client-kill.js';
import { config } from './config.js';
import { deleteKeys } from './delete-keys.js';
import { demote } from './demote.js';
import { destroyGroups } from './destroy-groups.js';
import { down } from './down.js';
import { failover } from './failover.js';
import type { FaultKind } from './fault.js';
import { flush } from './flush.js';
import { kill } from './kill.js';
import { latency } from './latency.js';
import { limitData } from './limit-data.js';
import { migrateSlots } from './migrate-slots.js';
import { partition } from './partition.js';
import { pause } from './pause.js';
import { resetPeer } from './reset-peer.js';
import { restart } from './restart.js';
import { rollingRestart } from './rolling-restart.js';
import { scriptFlush } from './script-flush.js';
import { slicer } from './slicer.js';
import { slowClose } from './slow-close.js';
import { stall } from './stall.js';
import { stop } from './stop.js';
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
  partition,
  kill,
  pause,
  stall,
  restart,
  stop,
  rollingRestart,
  failover,
  demote,
  migrateSlots,
  clientKill,
  scriptFlush,
  config,
  deleteKeys,
  destroyGroups,
  flush,
];

export function findFaultKind(name: string): FaultKind | undefined {
  return FAULT_KINDS.find((kind) => kind.name === name);
}
