import { join } from 'node:path';
import type { Clock } from '../clock.js';
import { KIND, ledgerFileName, NO_ORDINAL, ROLE } from '../ledger/record.js';
import { LedgerWriter } from '../ledger/writer.js';
import type { WorkerHost } from './worker-host.js';

/**
 * Opens this incarnation's ledger file. It is closed when the process ends, in order or not; when it cannot be written
 * the worker ends, since what it does can no longer be accounted for. Undefined: it cannot be created, and the worker is
 * ending.
 */
export function openWorkerLedger(host: WorkerHost, role: keyof typeof ROLE, clock: Clock): LedgerWriter | undefined {
  const { ledgerDir, ledgerWorker, worker } = host.job;
  const path = join(ledgerDir, ledgerFileName(role, ledgerWorker, worker.incarnation));
  const onError = (error: Error) => host.fail('ledger', `its ledger ${path} cannot be written: ${error.message}`);
  let ledger: LedgerWriter;
  try {
    ledger = LedgerWriter.create(path, onError);
  } catch (error) {
    onError(error as Error);
    return undefined;
  }
  host.atEnd(() => ledger.close(clock.nowNs()));
  ledger.append(NO_ORDINAL, KIND.OPEN, clock.nowNs(), ROLE[role], ledgerWorker, worker.incarnation);
  return ledger;
}
