/** What a master says of its replicas in `INFO replication`. */
export interface ReplicationInfo {
  readonly role: 'master' | 'slave';
  /** `host:port` as announced, of every replica whose last acknowledgement is at most {@link RECENT_LAG_S} old. */
  readonly heard: readonly string[];
}

/** Replicas acknowledge once a second. */
const RECENT_LAG_S = 1;

export function parseReplicationInfo(info: string): ReplicationInfo {
  const heard: string[] = [];
  for (const [, fields = ''] of info.matchAll(/^slave\d+:([^\r\n]*)/gm)) {
    const field = (name: string) => new RegExp(`(?:^|,)${name}=([^,]*)`).exec(fields)?.[1] ?? '';
    if (field('state') !== 'online' || Number(field('lag')) > RECENT_LAG_S) continue;
    heard.push(`${field('ip')}:${field('port')}`);
  }
  return { role: /^role:slave/m.test(info) ? 'slave' : 'master', heard };
}
