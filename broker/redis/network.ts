import type { OnBrokerEvent } from '../broker-event.js';
import type { Clock } from '../clock.js';
import type { Random } from '../random.js';
import type { Directory, Place } from './directory.js';
import type { OpenLink, RedisAddress, RedisCredentials } from './link.js';

/** From the address that a node announces, `host:port`, to the one at which clients reach it. */
export type NatMap = Readonly<Record<string, { readonly host: string; readonly port: number }>>;

/** Where clients reach the node that announces `announced` (`host:port`). */
export function clientAddress(announced: string, natMap: NatMap): { readonly host: string; readonly port: number } {
  const colon = announced.lastIndexOf(':');
  return natMap[announced] ?? { host: announced.slice(0, colon), port: Number(announced.slice(colon + 1)) };
}

/** The same with its name. */
export function clientPlace(announced: string, natMap: NatMap): Place {
  const { host, port } = clientAddress(announced, natMap);
  return { id: `${host}:${port}`, host, port };
}

interface Node {
  readonly host: string;
  readonly port: number;
}

/** One server; `replicas` says how many copy it (default 0): without an authority nobody else can. */
export interface StandaloneEndpoint extends RedisAddress {
  readonly replicas?: number;
}

export interface SentinelEndpoint extends RedisCredentials {
  readonly sentinels: readonly Node[];
  /** Of the monitored master, as in `sentinel monitor <name>`. */
  readonly master: string;
  readonly sentinelUsername?: string;
  readonly sentinelPassword?: string;
  readonly natMap?: NatMap;
}

export interface ClusterEndpoint extends RedisCredentials {
  /** Some of its nodes: the others are learnt from them. */
  readonly cluster: readonly Node[];
  readonly natMap?: NatMap;
}

export type RedisEndpoint = StandaloneEndpoint | SentinelEndpoint | ClusterEndpoint;

/** What a connection to any node of the endpoint needs besides its address. */
export function credentialsOf(endpoint: RedisEndpoint): RedisCredentials & { readonly db?: number } {
  const { username, password, tls } = endpoint;
  return {
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(tls === undefined ? {} : { tls }),
    ...('db' in endpoint && endpoint.db !== undefined ? { db: endpoint.db } : {}),
  };
}

export interface DirectoryOptions {
  readonly endpoint: RedisEndpoint;
  readonly clock: Clock;
  readonly random: Random;
  readonly onEvent: OnBrokerEvent;
}

/** Everything outside the process that the broker touches: the real one connects by ioredis, tests simulate one. */
export interface Network {
  openDirectory(options: DirectoryOptions): Directory;
  openLink: OpenLink;
}
