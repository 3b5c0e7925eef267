import type { Random } from '../../../broker/random.js';
import type { Scheduler } from '../world/scheduler.js';
import type { Wiring } from '../world/wiring.js';
import type { Execution } from './command.js';
import { execute, isWrite, UnknownCommand } from './commands.js';
import { Database } from './database.js';
import { Replication } from './replication.js';
import { ErrorReply, OK, type SimReply } from './reply.js';
import { runScript, scriptFlags, sha1Of } from './script-engine.js';
import type { ServerConnection } from './server-connection.js';

export interface NodeOptions {
  readonly id: string;
  readonly scheduler: Scheduler;
  readonly wiring: Wiring;
  readonly random: Random;
  readonly wallStartMs: number;
  /** 7.0: WAIT covers all that the master had written by the connection's last command. 7.2: its last write only. */
  readonly waitsFor: 'all' | 'own';
  /** What is executed instead of some scripts. */
  readonly scripts?: ReadonlyMap<string, string>;
  /** Sees every script that was executed, under the source by which it was called. */
  readonly onScript?: ((executed: ExecutedScript) => void) | undefined;
}

export interface ExecutedScript {
  readonly node: SimNode;
  readonly source: string;
  readonly keys: readonly string[];
  readonly args: readonly string[];
  readonly reply: SimReply;
}

const READONLY = "READONLY You can't write against a read only replica.";
const SCRIPT_READONLY = 'READONLY Can not run script with write flag on readonly replica.';
const OOM = "OOM command not allowed when used memory > 'maxmemory'.";

/** A Redis server: keys, scripts, role and replication. Its commands come from {@link ServerConnection}s. */
export class SimNode {
  readonly options: NodeOptions;
  readonly id: string;
  readonly replication: Replication;
  readonly connections = new Set<ServerConnection>();
  database = new Database();
  /** Added to the server's wall clock: TIME and stream ids follow it. */
  clockStepMs = 0;
  isUp = true;
  isPaused = false;
  /** Under `maxmemory`: writes are refused. */
  isFull = false;
  #scripts = new Map<string, string>();
  #held: (() => void)[] = [];

  constructor(options: NodeOptions) {
    this.options = options;
    this.id = options.id;
    this.replication = new Replication(this);
  }

  get isReachable(): boolean {
    return this.isUp && !this.isPaused;
  }

  /** Runs now, when the node is no longer paused, or never where it dies before. */
  deliver(run: () => void): void {
    if (!this.isUp) return;
    if (this.isPaused) this.#held.push(run);
    else run();
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    if (!this.isPaused) return;
    this.isPaused = false;
    const held = this.#held;
    this.#held = [];
    for (const run of held) this.options.scheduler.after(0, () => this.deliver(run));
    this.replication.wake();
  }

  /** kill -9: connections break, what was written stays on disk. */
  kill(): void {
    this.isUp = false;
    this.isPaused = false;
    this.#held = [];
    this.dropConnections();
    this.replication.onDeath();
  }

  /** Starts again, on a history of its own, with its data or without. */
  restart(isEmpty: boolean): void {
    this.isUp = true;
    this.#scripts.clear();
    if (isEmpty) this.database = new Database();
    this.replication.onRestart(isEmpty);
  }

  flushScripts(): void {
    this.#scripts.clear();
  }

  dropConnections(): void {
    for (const connection of [...this.connections]) connection.drop();
  }

  /** Executes one command that does not block. */
  perform(args: readonly string[]): SimReply {
    const name = args[0]!.toUpperCase();
    this.#expire();
    switch (name) {
      case 'EVALSHA': {
        const source = this.#scripts.get(args[1]!);
        if (source === undefined) return new ErrorReply('NOSCRIPT No matching script. Please use EVAL.');
        return this.#script(source, args);
      }
      case 'EVAL':
        this.#scripts.set(sha1Of(args[1]!), args[1]!);
        return this.#script(args[1]!, args);
      case 'SCRIPT':
        return this.#scriptCommand(args);
      case 'ROLE':
        return this.replication.role();
      default:
        return this.#atomically((call) => this.#guarded(args, call));
    }
  }

  /** Repeats what the master did. */
  apply(commands: readonly (readonly string[])[]): void {
    for (const command of commands) {
      const reply = execute(
        command,
        this.#execution(() => {}),
      );
      if (reply instanceof ErrorReply) throw new Error(`${this.id} cannot repeat ${command.join(' ')}: ${reply.text}`);
    }
  }

  #guarded(args: readonly string[], call: (args: readonly string[]) => SimReply): SimReply {
    if (isWrite(args[0]!.toUpperCase())) {
      if (!this.replication.isMaster) return new ErrorReply(READONLY);
      if (this.isFull && !FREEING.has(args[0]!.toUpperCase())) return new ErrorReply(OOM);
    }
    return call(args);
  }

  #script(source: string, args: readonly string[]): SimReply {
    const count = Number(args[2]);
    if (!Number.isInteger(count) || count < 0) return new ErrorReply('ERR value is not an integer or out of range');
    const keys = args.slice(3, 3 + count);
    const flags = scriptFlags(source);
    if (flags !== undefined && !flags.includes('no-writes')) {
      if (!this.replication.isMaster) return new ErrorReply(SCRIPT_READONLY);
      if (this.isFull && !flags.includes('allow-oom')) return new ErrorReply(OOM);
    }
    const executed = this.options.scripts?.get(source) ?? source;
    const argv = args.slice(3 + count);
    const reply = this.#atomically((call) => runScript(executed, keys, argv, call));
    this.options.onScript?.({ node: this, source, keys, args: argv, reply });
    return reply;
  }

  /** The writes of `body` reach replicas together, or not at all. */
  #atomically(body: (call: (args: readonly string[]) => SimReply) => SimReply): SimReply {
    const effects: (readonly string[])[] = [];
    const touched: string[] = [];
    const reply = body((args) => {
      if (isWrite(args[0]!.toUpperCase()) && !this.replication.isMaster) return new ErrorReply(READONLY);
      const result = execute(
        args,
        this.#execution((...effect) => {
          const command = effect.length === 0 ? args : effect;
          effects.push(command);
          touched.push(command[1]!);
        }),
      );
      return result;
    });
    if (effects.length > 0) {
      this.replication.append(effects);
      for (const connection of this.connections) connection.onKeysChanged(touched);
    }
    return reply;
  }

  #execution(wrote: (...effect: string[]) => void): Execution {
    const nowUs = this.nowUs;
    return {
      database: this.database,
      nowMs: Math.floor(nowUs / 1000),
      nowUs,
      wrote,
      info: (section) => this.replication.info(section),
      config: (pattern) => (CONFIG[pattern] === undefined ? [] : [pattern, CONFIG[pattern]!]),
    };
  }

  get nowUs(): number {
    const { wallStartMs, scheduler } = this.options;
    return Math.floor(1000 * (wallStartMs + scheduler.nowMs + this.clockStepMs));
  }

  #scriptCommand(args: readonly string[]): SimReply {
    switch (args[1]?.toUpperCase()) {
      case 'LOAD': {
        const sha = sha1Of(args[2]!);
        this.#scripts.set(sha, args[2]!);
        return sha;
      }
      case 'EXISTS':
        return args.slice(2).map((sha) => (this.#scripts.has(sha) ? 1 : 0));
      case 'FLUSH':
        this.flushScripts();
        return OK;
      default:
        throw new UnknownCommand(`SCRIPT ${args[1]} is not simulated`);
    }
  }

  /** A master removes what has expired, and says so to its replicas, before it looks at anything. */
  #expire(): void {
    const { expiresAtMs } = this.database;
    if (expiresAtMs.size === 0 || !this.replication.isMaster) return;
    const nowMs = this.nowUs / 1000;
    for (const [key, atMs] of [...expiresAtMs]) {
      if (atMs > nowMs) continue;
      this.database.delete(key);
      this.replication.append([['DEL', key]]);
    }
  }
}

const FREEING = new Set([
  'DEL',
  'UNLINK',
  'HDEL',
  'SREM',
  'XTRIM',
  'XDEL',
  'ZREMRANGEBYSCORE',
  'EXPIRE',
  'PEXPIRE',
  'PERSIST',
]);

const CONFIG: Readonly<Record<string, string>> = {
  'maxmemory-policy': 'noeviction',
  maxmemory: '0',
  appendonly: 'yes',
  appendfsync: 'everysec',
  'no-appendfsync-on-rewrite': 'no',
  'min-replicas-to-write': '0',
  save: '',
};
