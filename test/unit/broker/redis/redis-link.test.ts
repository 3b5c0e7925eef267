import { beforeEach, describe, expect, it } from 'vitest';
import { BrokerError } from '../../../../broker/broker-error.js';
import type { LinkOptions } from '../../../../broker/redis/link.js';
import type { Connection, RedisConnectionOptions } from '../../../../broker/redis/redis-connection.js';
import { RedisLink } from '../../../../broker/redis/redis-link.js';
import type { ProbeTls } from '../../../../broker/redis/tls-probe.js';
import type { OnReply } from '../../../../broker/redis/wire-command.js';
import { ManualClock } from '../../../fixtures/manual-clock.js';

const MASTER = 'redis_version:7.0.15\r\nrole:master\r\nmaster_replid:h1\r\n';

/** A connection whose other end is the test. */
class FakeConnection implements Connection {
  readonly options: RedisConnectionOptions;
  readonly outstanding: OnReply[] = [];
  isUsable = false;
  isOver = false;

  constructor(options: RedisConnectionOptions) {
    this.options = options;
  }

  ready(): void {
    this.isUsable = true;
    this.options.onReady();
  }

  answer(text: string): void {
    this.outstanding.shift()?.(undefined, Buffer.from(text));
  }

  refuse(message: string): void {
    this.outstanding.shift()?.(Object.assign(new Error(message), { name: 'ReplyError' }), null);
  }

  greet(info = MASTER): void {
    this.ready();
    this.answer(info);
  }

  corked(body: () => void): void {
    body();
  }

  write(_name: string, _wire: Buffer, onReply: OnReply): void {
    this.outstanding.push(onReply);
  }

  subscribe(): void {}

  destroy(reason: string, refusal?: BrokerError): void {
    if (this.isOver) return;
    this.isOver = true;
    this.isUsable = false;
    for (const onReply of this.outstanding.splice(0)) onReply(new BrokerError('connection', reason), null);
    this.options.onClosed({ reason, refusal });
  }

  /** Accepted and closed, or left without an answer. */
  endMute(): void {
    this.isOver = true;
    this.options.onClosed({ reason: 'closed before any greeting', wasMute: true });
  }
}

describe('a link', () => {
  let clock: ManualClock;
  let opened: FakeConnection[];
  let log: string[];
  /** Of the probe that is under way. */
  let onVerdict: Parameters<ProbeTls>[2] | undefined;
  let probes: number;

  beforeEach(() => {
    clock = new ManualClock();
    opened = [];
    log = [];
    onVerdict = undefined;
    probes = 0;
  });

  const MISMATCH = new BrokerError('protocol', 'it expects TLS');
  const probeTls: ProbeTls = (_address, _clock, onDone) => {
    probes++;
    onVerdict = (mismatch) => {
      onVerdict = undefined;
      onDone(mismatch);
    };
    return () => {
      onVerdict = undefined;
    };
  };

  function open(options: Partial<LinkOptions> = {}): RedisLink {
    const own: LinkOptions = {
      name: 'test',
      address: { host: '127.0.0.1', port: 1 },
      replyTimeoutMs: 1_000,
      clock,
      random: () => 0.5,
      onOpen: () => log.push('open'),
      onClosed: (reason) => log.push(`closed ${reason}`),
      onRefused: ({ code }) => log.push(`refused ${code}`),
      ...options,
    };
    const openConnection = (connection: RedisConnectionOptions) => {
      const fake = new FakeConnection(connection);
      opened.push(fake);
      return fake;
    };
    return new RedisLink(own, undefined, { openConnection, probeTls });
  }

  it('is open when the server has greeted it', async () => {
    const link = open();
    const waiting = link.whenOpen();
    expect(link.isOpen).toBe(false);
    opened[0]!.greet();
    expect(await waiting).toBe(true);
    expect(link.isOpen).toBe(true);
    expect(link.history).toBe('h1');
    clock.advance(10_000);
    expect(opened).toHaveLength(1);
  });

  it('does not wait for an attempt that nobody answers: the first to be greeted wins', () => {
    const link = open();
    clock.advance(1_000);
    expect(opened).toHaveLength(3);
    opened[1]!.greet();
    expect(link.isOpen).toBe(true);
    expect(opened.map(({ isOver }) => isOver)).toEqual([true, false, true]);
    expect(log).toEqual(['open']);
  });

  it('tries again soon after a refusal, and not more often than every 20 ms', () => {
    open();
    for (let i = 0; i < 20; i++) {
      const before = opened.length;
      opened.at(-1)!.destroy('ECONNREFUSED');
      clock.advance(19);
      expect(opened).toHaveLength(before);
      clock.advance(231);
      expect(opened.length).toBeGreaterThan(before);
    }
    expect(log).toEqual([]);
  });

  it('does not open at a server that loads, or that it refuses', () => {
    const link = open({ refuse: ({ role }) => (role === 'slave' ? 'it is a replica' : undefined) });
    opened[0]!.greet(`loading:1\r\n${MASTER}`);
    expect(link.lastReason).toBe('Redis is loading its data');
    clock.advance(250);
    opened[1]!.greet(MASTER.replace('role:master', 'role:slave'));
    expect(link.lastReason).toBe('it is a replica');
    clock.advance(250);
    opened[2]!.greet();
    expect(link.isOpen).toBe(true);
  });

  it.each(['READONLY it is a replica now', 'UNBLOCKED force unblock'])('resets itself on %s', (message) => {
    const link = open();
    opened[0]!.greet();
    const failures: string[] = [];
    link.send(['SET', 'a', 'b'], (error) => failures.push(error!.message));
    opened[0]!.refuse(message);
    expect(failures).toEqual([message]);
    expect(log).toEqual(['open', `closed ${message}`]);
    expect(link.isOpen).toBe(false);
  });

  it.each(['MOVED 1 127.0.0.1:2', 'OOM', 'NOSCRIPT'])('stays open on %s', (message) => {
    const link = open();
    opened[0]!.greet();
    link.send(['SET', 'a', 'b'], () => {});
    opened[0]!.refuse(message);
    expect(link.isOpen).toBe(true);
  });

  it('is not open while what was outstanding fails, and opens anew', async () => {
    const link = open();
    opened[0]!.greet();
    const seen: boolean[] = [];
    link.send(['GET', 'a'], () => {
      seen.push(link.isOpen);
      link.send(['GET', 'a'], (error) => seen.push(error instanceof BrokerError));
    });
    link.reset('test');
    expect(seen).toEqual([false, true]);
    clock.advance(250);
    opened[1]!.greet(MASTER.replace('h1', 'h2'));
    expect(link.history).toBe('h2');
    expect(log).toEqual(['open', 'closed test', 'open']);
  });

  it('says when it is refused for good, and goes on trying', () => {
    const link = open();
    opened[0]!.destroy('WRONGPASS', new BrokerError('unauthorized', 'wrong password'));
    expect(log).toEqual(['refused unauthorized']);
    expect(link.lastReason).toBe('wrong password');
    clock.advance(250);
    expect(opened).toHaveLength(2);
  });

  it('asks the other way, once at a time, when it is closed without a greeting, and is refused by an answer only', () => {
    const link = open();
    opened[0]!.endMute();
    clock.advance(250);
    opened[1]!.endMute();
    expect(probes).toBe(1);
    onVerdict!(undefined);
    expect(log).toEqual([]);
    clock.advance(250);
    opened[2]!.endMute();
    onVerdict!(MISMATCH);
    expect(log).toEqual(['refused protocol']);
    expect(link.lastReason).toBe('it expects TLS');
    clock.advance(250);
    opened[3]!.endMute();
    expect(link.lastReason).toBe('it expects TLS');
  });

  it('asks the other way when an attempt is not answered, without waiting for its end', () => {
    open();
    clock.advance(399);
    expect(probes).toBe(0);
    clock.advance(1);
    expect(probes).toBe(1);
  });

  it('does not suspect a server that has greeted, or cannot be reached', () => {
    const link = open();
    opened[0]!.destroy('ECONNREFUSED');
    clock.advance(250);
    opened[1]!.endMute();
    clock.advance(250);
    opened[2]!.greet();
    expect(onVerdict).toBeUndefined();
    link.reset('test');
    clock.advance(250);
    opened[3]!.endMute();
    expect(probes).toBe(1);
  });

  it('is closed for good, whatever it was doing', async () => {
    const link = open();
    clock.advance(500);
    const waiting = link.whenOpen();
    link.close();
    link.close();
    expect(await waiting).toBe(false);
    expect(opened.every(({ isOver }) => isOver)).toBe(true);
    clock.advance(10_000);
    expect(opened).toHaveLength(2);
    await expect(link.call('PING')).rejects.toMatchObject({ code: 'connection' });
  });
});
