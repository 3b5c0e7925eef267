import type { Story } from '../../../reports/results.js';
import { messageId } from '../../load/payload.js';
import { keyName } from '../../load/plan.js';
import { Damage } from '../check/damage.js';
import type { CheckedRun } from '../checked-run.js';
import { latencyOf } from '../latencies.js';
import { LedgerReader } from '../reader.js';
import { END_FAILED, KIND, UNEXPECTED_REASONS } from '../record.js';

interface Happening {
  readonly ns: number;
  readonly text: string;
}

/** The whole story of each of these messages, read back from the ledger files and the inventory. */
export function storiesOf(run: CheckedRun, ordinals: ReadonlySet<number>): ReadonlyMap<number, Story> {
  const happenings = new Map<number, Happening[]>();
  const { plan, startNs, files, inventory, faults, nonce } = run.history;
  for (const ordinal of ordinals) {
    happenings.set(ordinal, [{ ns: startNs + (plan.intendedNs[ordinal] as number), text: 'due' }]);
  }
  if (ordinals.size > 0) {
    for (const file of files) {
      const name = `${file.role}-${file.worker + 1}${file.incarnation > 0 ? ` (restart ${file.incarnation})` : ''}`;
      using reader = new LedgerReader(file, new Damage());
      while (reader.next()) {
        happenings.get(reader.ordinal)?.push({ ns: reader.ns, text: describe(reader, name) });
      }
    }
  }
  for (const { ordinal, place, copies, corrupt } of inventory?.items ?? []) {
    const times = copies === 1 ? '' : ` ${copies} times`;
    const text = `found by the inventory in ${place}${times}${corrupt ? ', not as it was sent' : ''}`;
    happenings.get(ordinal)?.push({ ns: run.history.endNs, text });
  }
  const latency = latencyOf(run, 'e2e');
  const stories = new Map<number, Story>();
  for (const [ordinal, list] of happenings) {
    list.sort((a, b) => a.ns - b.ns);
    const [first, last] = [list[0]?.ns ?? 0, list.at(-1)?.ns ?? 0];
    stories.set(ordinal, {
      id: messageId(nonce, ordinal),
      ordinal,
      key: keyName(plan.key[ordinal] as number) ?? null,
      phase: plan.phases[plan.phase[ordinal] as number]?.name ?? '',
      events: list.map(({ ns, text }) => ({ atMs: (ns - startNs) / 1e6, text })),
      faults: faults
        .filter(({ injectedNs = Infinity, liftedNs = Infinity }) => injectedNs <= last && liftedNs >= first)
        .map(({ id }) => id),
      ...latencyIn(latency(ordinal)),
    });
  }
  return stories;
}

/** null where it never arrived; nothing where no latency was to be had of it. */
function latencyIn(ns: number): Pick<Story, 'latencyMs'> {
  if (Number.isNaN(ns)) return {};
  return { latencyMs: Number.isFinite(ns) ? ns / 1e6 : null };
}

function describe({ kind, flags, a, b }: LedgerReader, worker: string): string {
  switch (kind) {
    case KIND.SENT:
      return `sent by ${worker}`;
    case KIND.ACCEPTED:
      return 'accepted';
    case KIND.REJECTED:
      return 'rejected';
    case KIND.INDETERMINATE:
      return 'indeterminate';
    case KIND.START:
      return `handling begun by ${worker} (partition ${a}, attempt ${b})`;
    case KIND.END:
      return `${(flags & END_FAILED) === 0 ? 'handled' : 'handling failed'} by ${worker}`;
    case KIND.UNEXPECTED:
      return `delivered to ${worker}, but unexpected: ${UNEXPECTED_REASONS[flags] ?? 'unknown'}`;
    default:
      return `record of kind ${kind} by ${worker}`;
  }
}
