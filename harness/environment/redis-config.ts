import type { RedisSpec } from '../scenario/scenario.js';
import type { RedisNode } from './environment.js';
import { EnvironmentError } from './environment-error.js';

export interface RedisNodePlace {
  readonly port: number;
  /** Where the node keeps its files. */
  readonly dir: string;
  /** Port of the proxy that its peers use: announced to them. Undefined with a single node. */
  readonly peerPort: number | undefined;
  /** Peer proxy of the master, for a node that starts as its replica. */
  readonly masterPeerPort: number | undefined;
  /** Ports of the cluster bus. Undefined outside a cluster. */
  readonly bus: RedisNode['bus'] | undefined;
}

/** In its home; written before its first start. */
export const CLUSTER_FILE = 'nodes.conf';
/** Silence after which a cluster node holds another for failing, unless the scenario's `config` says otherwise. */
const CLUSTER_NODE_TIMEOUT_MS = 1500;

/** Directives that decide where a server lives: the environment's, never the scenario's. */
const OWNED: ReadonlySet<string> = new Set([
  'port',
  'bind',
  'bind-source-addr',
  'protected-mode',
  'unixsocket',
  'tls-port',
  'dir',
  'daemonize',
  'supervised',
  'pidfile',
  'logfile',
  'replicaof',
  'slaveof',
  'replica-announce-ip',
  'replica-announce-port',
  'slave-announce-ip',
  'slave-announce-port',
  'cluster-enabled',
  'cluster-config-file',
  'cluster-port',
  'cluster-announce-ip',
  'cluster-announce-port',
  'cluster-announce-bus-port',
  'cluster-announce-tls-port',
  'cluster-announce-hostname',
  'include',
  'masterauth',
]);

/** redis.conf of one node. What the scenario's `config` says comes last, so it overrides the defaults above it. */
export function redisConfig(spec: RedisSpec, place: RedisNodePlace): string {
  const lines = [
    'bind 127.0.0.1',
    'protected-mode yes',
    `port ${place.port}`,
    `dir ${quote(place.dir)}`,
    'daemonize no',
    // No persistence unless the scenario asks for it: a snapshot's fork is a stall that nobody ordered.
    'save ""',
    'appendonly no',
  ];
  if (place.peerPort !== undefined) {
    // A replica that attaches need not wait for others (default 5 s).
    lines.push(
      'repl-diskless-sync-delay 0',
      'replica-announce-ip 127.0.0.1',
      `replica-announce-port ${place.peerPort}`,
    );
  }
  if (place.bus !== undefined) {
    lines.push(
      'cluster-enabled yes',
      `cluster-config-file ${CLUSTER_FILE}`,
      `cluster-port ${place.bus.port}`,
      'cluster-announce-ip 127.0.0.1',
      `cluster-announce-port ${place.peerPort}`,
      `cluster-announce-bus-port ${place.bus.announcedPort}`,
      `cluster-node-timeout ${CLUSTER_NODE_TIMEOUT_MS}`,
    );
  }
  if (place.masterPeerPort !== undefined) lines.push(`replicaof 127.0.0.1 ${place.masterPeerPort}`);
  const password = spec.config.requirepass;
  if (password) lines.push(`masterauth ${quote(password)}`);
  for (const [directive, value] of Object.entries(spec.config)) {
    checkDirective(directive, value);
    lines.push(`${directive} ${isSingleValue(directive) ? quote(value) : value === '' ? '""' : value}`);
  }
  return `${lines.join('\n')}\n`;
}

/** Passwords are one value whatever they contain; other directives may have several, as in redis.conf. */
function isSingleValue(directive: string): boolean {
  return directive.toLowerCase() === 'requirepass';
}

/** Throws {@link EnvironmentError} `bad-config` for what a scenario may not set. */
export function checkDirective(directive: string, value: string): void {
  const place = `environment.redis.config.${directive}`;
  if (!/^[a-z][a-z0-9-]*$/i.test(directive)) {
    throw new EnvironmentError('bad-config', `${place}: "${directive}" is not the name of a redis.conf directive.`);
  }
  if (OWNED.has(directive.toLowerCase())) {
    throw new EnvironmentError(
      'bad-config',
      `${place}: "${value}" cannot be set: the environment decides it (each run gets ports and folders of its own). Remove it.`,
    );
  }
  if (/[\r\n\0]/.test(value)) {
    throw new EnvironmentError(
      'bad-config',
      `${place}: the value ${JSON.stringify(value)} has a line break. Write one line.`,
    );
  }
}

/** As redis.conf reads it back: in double quotes, with C-like escapes. */
export function quote(text: string): string {
  return `"${text.replace(/[\\"]/g, '\\$&')}"`;
}
