import type { Master } from './directory.js';
import { parseFlatMap } from './flat-map.js';
import { clientAddress, type NatMap } from './network.js';
import type { ReplicaReport } from './replica-losses.js';
import type { Reply } from './wire-command.js';

/** What one Sentinel says, all of it at one moment. */
export interface SentinelAnswer {
  /** When it was asked. */
  readonly askedMs: number;
  /** `host:port` as announced. */
  readonly master: string;
  readonly epoch: number;
  readonly downAfterMs: number;
  /** Sentinels that watch this master, by its knowledge. */
  readonly sentinels: number;
  readonly replicas: readonly ReplicaState[];
}

interface ReplicaState {
  readonly id: string;
  /** Unreachable for the Sentinel, or the master of before that has not been told yet whom to follow (up to 10 s). */
  readonly isDown: boolean;
}

/**
 * Reads the replies to `get-master-addr-by-name`, `MASTER`, `REPLICAS`, and `get-master-addr-by-name` again. While a failover
 * is being carried out `MASTER` has the new epoch and the old address already; the address of `get-master-addr-by-name`
 * changes together with the epoch. Undefined where it changed in between, or where a reply has not the expected form.
 */
export function parseSentinelAnswer(askedMs: number, replies: readonly Reply[]): SentinelAnswer | undefined {
  const [before, master, replicas, after] = replies;
  if (!Array.isArray(before) || !Array.isArray(after) || !Array.isArray(replicas)) return undefined;
  if (before.length !== 2 || String(before) !== String(after)) return undefined;
  const fields = parseFlatMap(master ?? null);
  const epoch = Number(fields.get('config-epoch'));
  if (!Number.isInteger(epoch)) return undefined;
  const named = `${before[0]}:${before[1]}`;
  const reports = replicas.map(parseFlatMap).map((replica) => ({
    id: `${replica.get('ip')}:${replica.get('port')}`,
    isDown: (replica.get('flags') ?? '').split(',').includes('s_down') || replica.get('role-reported') === 'master',
  }));
  return {
    askedMs,
    master: named,
    epoch,
    downAfterMs: Number(fields.get('down-after-milliseconds') ?? 30_000),
    sentinels: Number(fields.get('num-other-sentinels') ?? 0) + 1,
    replicas: reports.filter(({ id }) => id !== named),
  };
}

/** The naming with the highest epoch, if it is higher than that of the naming before. */
export function nameMaster(
  answers: readonly SentinelAnswer[],
  present: Master | undefined,
  natMap: NatMap,
): Master | undefined {
  let best: SentinelAnswer | undefined;
  for (const answer of answers) {
    if (best === undefined || answer.epoch > best.epoch) best = answer;
  }
  if (best === undefined || (present !== undefined && best.epoch <= present.epoch)) return present;
  const { host, port } = clientAddress(best.master, natMap);
  return { id: `${host}:${port}`, host, port, epoch: best.epoch };
}

export interface SentinelReports {
  readonly replicas: readonly ReplicaReport[];
  readonly isFresh: boolean;
}

/** `listed`: Sentinels that the application names; where they know of more, a majority is one of those. */
export function reportReplicas(
  answers: readonly SentinelAnswer[],
  epoch: number,
  listed: number,
  nowMs: number,
): SentinelReports {
  const agreeing = answers.filter((answer) => answer.epoch === epoch);
  const voters = Math.max(listed, ...agreeing.map(({ sentinels }) => sentinels));
  const isMajority = (count: number) => count * 2 > voters;
  const fresh = agreeing.filter(({ askedMs, downAfterMs }) => nowMs - askedMs <= downAfterMs / 2);
  const ids = new Set(agreeing.flatMap(({ replicas }) => replicas.map(({ id }) => id)));
  const replicas = [...ids].map((id) => {
    const reports = fresh.filter((answer) => answer.replicas.some((replica) => replica.id === id && replica.isDown));
    return { id, isReportedDown: isMajority(reports.length) };
  });
  return { replicas, isFresh: isMajority(fresh.length) };
}
