import type { Durability } from '../log/message.js';

/** What a server says of itself. */
export interface ServerFacts {
  /** The reply to `INFO`. */
  readonly info: string;
  /** What `CONFIG GET` gave, for {@link CHECKED_SETTINGS}; undefined where the server does not let it be read. */
  readonly config: ReadonlyMap<string, string> | undefined;
  /** Replicas that belong to it, by the directory; undefined where it need not have any, being one itself. */
  readonly replicas: number | undefined;
}

export interface ServerVerdict {
  /** Why the broker must not use this server: setting, value, remedy. */
  readonly problems: readonly string[];
  /** What could not be checked, and what is good to know. */
  readonly notes: readonly string[];
}

export const CHECKED_SETTINGS = [
  'maxmemory-policy',
  'appendonly',
  'appendfsync',
  'no-appendfsync-on-rewrite',
  'min-replicas-to-write',
] as const;
type Setting = (typeof CHECKED_SETTINGS)[number];

/** Oldest version with everything that the scripts use. */
const MIN_MAJOR = 7;
/** From here on `WAITAOF` tells that the disk has it. */
const WAITAOF_VERSION = [7, 2] as const;

/** Whether a server's version and settings can keep what `durability` promises. */
export function checkServer({ info, config, replicas }: ServerFacts, durability: Durability): ServerVerdict {
  const problems: string[] = [];
  const notes: string[] = [];
  const field = (name: string) => new RegExp(`^${name}:([^\\r\\n]*)`, 'm').exec(info)?.[1];
  const version = field('redis_version') ?? '';
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (version !== '' && major < MIN_MAJOR) problems.push(`Redis ${version}: ${MIN_MAJOR}.0 or later is needed`);

  const aof = field('aof_enabled');
  const fromInfo: Partial<Record<Setting, string | undefined>> = {
    'maxmemory-policy': field('maxmemory_policy'),
    appendonly: aof === undefined ? undefined : aof === '1' ? 'yes' : 'no',
  };
  const settingOf = (name: Setting) => config?.get(name) ?? fromInfo[name];
  const demand = (name: Setting, wanted: string, why: string) => {
    const value = settingOf(name);
    if (value === undefined)
      notes.push(`${name} was not checked, CONFIG GET is refused: it must be '${wanted}': ${why}`);
    else if (value !== wanted) problems.push(`${name} is '${value}': ${why}: CONFIG SET ${name} ${wanted}`);
  };

  demand('maxmemory-policy', 'noeviction', 'any other policy deletes acknowledged messages');
  if (durability === 'replicated') {
    if (replicas === 0) problems.push(NO_REPLICAS);
    demand('appendonly', 'yes', 'without it a master that restarts is empty, and its replicas copy that');
  }
  if (durability === 'fsync') {
    const hasWaitaof = major > WAITAOF_VERSION[0] || (major === WAITAOF_VERSION[0] && minor >= WAITAOF_VERSION[1]);
    demand('appendonly', 'yes', `'fsync' promises what is on disk`);
    if (!hasWaitaof)
      demand('appendfsync', 'always', `'fsync' promises what is on disk, and before 7.2 there is no WAITAOF`);
    demand('no-appendfsync-on-rewrite', 'no', 'while the AOF is rewritten nothing would reach the disk');
  }
  const minReplicas = Number(settingOf('min-replicas-to-write') ?? 0);
  if (minReplicas > 0) {
    notes.push(`min-replicas-to-write is ${minReplicas}: with fewer replicas nothing is published, nor settled`);
  }
  return { problems, notes };
}

const NO_REPLICAS =
  `it has no replicas, which 'replicated' needs: add one (for a single server, say how many it has: 'replicas'), ` +
  `or ask for durability 'leader'`;
