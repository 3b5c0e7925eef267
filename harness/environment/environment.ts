import type { DriverEndpoints } from '../drivers/driver.js';

/** Where a run's servers live, and every handle that faults and drivers need of them. */
export interface Environment extends AsyncDisposable {
  readonly kind: 'native' | 'external';
  readonly versions: { readonly redis: string; readonly toxiproxy: string };
  /** The servers that hold data; in a cluster those that start as masters first. */
  readonly nodes: readonly RedisNode[];
  /** `sentinel-1`, ...; empty without Sentinel. */
  readonly sentinels: readonly RedisNode[];
  /**
   * Every proxied link, by the name that faults have for it: `<node>.clients`, `<node>.peers`, and `<node>.<worker>` for
   * each worker with links of its own.
   */
  readonly links: readonly Link[];
  /** Control API of Toxiproxy. */
  readonly toxiproxy: { readonly host: string; readonly port: number };
  /** Client addresses, behind the proxies. */
  readonly endpoints: DriverEndpoints;
  /** Those of the workers that have links of their own, by the worker's name. */
  readonly ownEndpoints: Readonly<Record<string, DriverEndpoints>>;
  /** Folder with the servers' logs, kept after disposal. */
  readonly logDir: string;
  /** Servers that ended though nobody asked them to. Called at most once per process. */
  onUnexpectedExit(listener: (exit: UnexpectedExit) => void): void;
}

/** One proxy of Toxiproxy. */
export interface LinkProxy {
  /** Its name there (safe in a URL path). */
  readonly proxy: string;
  readonly host: string;
  readonly port: number;
  /** What it forwards to. */
  readonly upstream: { readonly host: string; readonly port: number };
}

export interface Link extends LinkProxy {
  /** `redis-1.clients`, `redis-1.peers`, `redis-1.producer-2`. */
  readonly name: string;
  /**
   * In a cluster, of `peers`: more proxies under the same name, for the bus. The first carries what others open to the
   * node, the rest what it opens to each of them. What is done to the link is done to all.
   */
  readonly bus?: readonly LinkProxy[];
}

/** A Redis server or a Sentinel. */
export interface RedisNode {
  /** `redis-1`, `redis-2`, ..., `sentinel-1`, ... */
  readonly name: string;
  /** The server itself, past the proxies: for probes and judgement, never for drivers. */
  readonly direct: {
    readonly host: string;
    readonly port: number;
    readonly username?: string;
    readonly password?: string;
  };
  readonly clients: Link;
  /** What replicas, Sentinels and other nodes connect to; the node announces it. Undefined with a single node. */
  readonly peers: Link | undefined;
  /** Of a cluster node. */
  readonly bus?: { readonly port: number; readonly announcedPort: number };
  /** The process, where it is ours; undefined in an external environment (then it cannot be killed or paused). */
  readonly process: ManagedProcess | undefined;
}

/** A server process that faults may kill, pause and start again under the same address and configuration. */
export interface ManagedProcess {
  readonly name: string;
  readonly pid: number | undefined;
  readonly running: boolean;
  /** Sends a signal; the exit that follows is expected until {@link start} is called. */
  signal(signal: NodeJS.Signals): void;
  /** Starts it again with the same command; resolves when it answers. */
  start(): Promise<void>;
  /** Resolves when the process has ended. */
  exited(): Promise<void>;
}

export interface UnexpectedExit {
  readonly process: string;
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The last lines of its log. */
  readonly logTail: string;
}
