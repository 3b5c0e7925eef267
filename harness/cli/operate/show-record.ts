import type { AuditRecord } from '../../../broker/index.js';
import type { Colours } from '../../colours.js';
import { plain, timeOf } from './terminal-text.js';

/** One line. */
export function renderRecord({ atMs, action, by, reason, filter, outcome }: AuditRecord, pc: Colours): string {
  const which = plain(JSON.stringify(filter));
  const became = outcome === undefined ? 'under way, or its process ended' : plain(JSON.stringify(outcome));
  const why = reason === undefined ? '' : `  (${plain(reason)})`;
  return `${timeOf(atMs)}  ${pc.bold(action)} by ${plain(by)}  ${which}  ${became}${why}`;
}
