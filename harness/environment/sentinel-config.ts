import type { SentinelSpec } from '../scenario/scenario.js';
import { quote } from './redis-config.js';

/** What Sentinels call the master that they watch. */
export const MASTER_NAME = 'gauntlet';

export interface SentinelPlace {
  readonly port: number;
  /** Where it keeps its files; it rewrites its configuration there. */
  readonly dir: string;
  /** 40 hex digits. */
  readonly id: string;
  /** Port of its peer proxy. */
  readonly peerPort: number;
}

/** What every Sentinel knows from its start: the peer proxies of all others. */
export interface SentinelPeers {
  readonly masterPort: number;
  readonly replicaPorts: readonly number[];
  /** All of them; its own entry is left out. */
  readonly sentinels: readonly Pick<SentinelPlace, 'id' | 'peerPort'>[];
  readonly password: string | undefined;
}

/**
 * sentinel.conf of one Sentinel. Replicas and other Sentinels are written into it as a Sentinel itself would that is
 * started again, so that nobody has to wait for their discovery (2 s a hello, 10 s an INFO).
 */
export function sentinelConfig(spec: SentinelSpec, place: SentinelPlace, peers: SentinelPeers): string {
  const others = peers.sentinels.filter(({ id }) => id !== place.id);
  const quorum = Math.floor(spec.count / 2) + 1;
  const about = (directive: string, ...values: (string | number)[]) =>
    `sentinel ${directive} ${MASTER_NAME} ${values.join(' ')}`;
  const lines = [
    'bind 127.0.0.1',
    `port ${place.port}`,
    `dir ${quote(place.dir)}`,
    'daemonize no',
    `sentinel myid ${place.id}`,
    'sentinel announce-ip 127.0.0.1',
    `sentinel announce-port ${place.peerPort}`,
    about('monitor', '127.0.0.1', peers.masterPort, quorum),
    about('down-after-milliseconds', spec.downAfterMs),
    about('failover-timeout', spec.failoverTimeoutMs),
    about('parallel-syncs', peers.replicaPorts.length),
    ...(peers.password ? [about('auth-pass', quote(peers.password))] : []),
    ...peers.replicaPorts.map((port) => about('known-replica', '127.0.0.1', port)),
    ...others.map(({ id, peerPort }) => about('known-sentinel', '127.0.0.1', peerPort, id)),
  ];
  return `${lines.join('\n')}\n`;
}
