import type { ConnectionOptions } from 'node:tls';
import type { BrokerError } from '../broker-error.js';
import type { Clock } from '../clock.js';
import type { Random } from '../random.js';
import type { CommandArgument, OnReply, Reply } from './wire-command.js';

export interface RedisCredentials {
  readonly username?: string;
  readonly password?: string;
  /** `true`, or Node's options of `tls.connect` (`ca`, `cert`, `key`, ...); for every node, Sentinels included. */
  readonly tls?: boolean | ConnectionOptions;
}

export interface RedisAddress extends RedisCredentials {
  readonly host: string;
  readonly port: number;
  readonly db?: number;
}

/** What a server says of itself when a connection to it is opened. */
export interface Greeting {
  readonly version: string;
  readonly role: 'master' | 'slave';
  /** `master_replid`: names the history of writes; a promotion, and a restart, begin another one. */
  readonly history: string;
  readonly connectedReplicas: number;
}

export interface LinkOptions {
  readonly name: string;
  readonly address: RedisAddress;
  /** With commands outstanding and no reply for this long, the connection is torn down and opened anew. */
  readonly replyTimeoutMs: number;
  readonly clock: Clock;
  readonly random: Random;
  /** Says why this server will not do (a replica, not the named master any more): the link tries again, it does not open. */
  refuse?(greeting: Greeting): string | undefined;
  onOpen(): void;
  /** It was open. */
  onClosed(reason: string): void;
  /** An attempt failed in a way that opening anew does not cure (wrong password, no TLS there); it goes on trying. */
  onRefused?(error: BrokerError): void;
}

/**
 * One connection to one address that is open, or is being opened again: never for ever in between. A command is written
 * while the link is open or fails at once; nothing is queued or sent again behind the caller's back. What is outstanding
 * when the connection breaks fails with BrokerError `connection`: its outcome is unknown. Replies come in the order of the
 * commands. A `READONLY` or `UNBLOCKED` reply says that the server was demoted: the link closes itself and opens anew.
 */
export interface Link {
  readonly name: string;
  readonly isOpen: boolean;
  /** Closed for good. */
  readonly isEnded: boolean;
  /** History of the server of the current connection (of the last one while closed). */
  readonly history: string;
  /** Why the link is not open. */
  readonly lastReason: string;
  /** Resolves when the link is open (`true`), has ended, or `signal` aborts (`false`). */
  whenOpen(signal?: AbortSignal): Promise<boolean>;
  /** Everything sent by `body` leaves in one write. */
  corked(body: () => void): void;
  /** Writes a command that is in wire format already. `wire` must not change before the reply or the failure. */
  sendWire(name: string, wire: Buffer, onReply: OnReply): void;
  send(args: readonly [string, ...CommandArgument[]], onReply: OnReply): void;
  call(...args: [string, ...CommandArgument[]]): Promise<Reply>;
  /** Tears the connection down at once; it is opened anew. */
  reset(reason: string): void;
  /** Closes for good. Outstanding commands fail. Twice is safe. */
  close(): void;
}

export type OpenLink = (options: LinkOptions) => Link;
