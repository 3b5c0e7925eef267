import type { Clock } from '../clock.js';
import type { DriverEndpoints } from '../drivers/driver.js';
import type { RunRegistry } from '../environment/run-registry.js';
import type { Scenario } from '../scenario/scenario.js';
import type { WorkerJob } from './protocol.js';

/** What all worker processes of one run share. */
export interface RunContext {
  readonly scenario: Scenario;
  /** 16 hex digits. */
  readonly nonce: string;
  /** Unique to the run: carries the nonce. */
  readonly topic: string;
  readonly group: string;
  readonly endpoints: DriverEndpoints;
  /** Of the workers with links of their own, by name. */
  readonly ownEndpoints?: Readonly<Record<string, DriverEndpoints>>;
  /** Folder of the ledger files, off any disk that a fault touches. */
  readonly ledgerDir: string;
  /** Folder of the processes' logs, `<name>.log`. */
  readonly logDir: string;
  readonly registry: Pick<RunRegistry, 'add' | 'remove'>;
  readonly clock: Clock;
}

/** The job of one process of the run. */
export function jobOf(
  context: RunContext,
  role: WorkerJob['role'],
  worker: WorkerJob['worker'],
  ledgerWorker = worker.index,
  members = 1,
): WorkerJob {
  const { scenario, nonce, topic, group, ledgerDir } = context;
  const endpoints = context.ownEndpoints?.[`${role}-${ledgerWorker + 1}`] ?? context.endpoints;
  return { role, worker, ledgerWorker, members, scenario, nonce, topic, group, endpoints, ledgerDir };
}
