import { describe, expect, it } from 'vitest';
import { BufferPool } from '../../../../broker/log/buffer-pool.js';
import { Confirmer } from '../../../../broker/log/confirmer.js';
import type { LaneSender } from '../../../../broker/log/lane-sender.js';
import { ReplayBuffer } from '../../../../broker/log/replay-buffer.js';
import { ReplicaNeed } from '../../../../broker/log/replica-need.js';
import { FakeDirectory, master } from '../../../fixtures/fake-directory.js';
import { FakeLink } from '../../../fixtures/fake-link.js';
import { ManualClock } from '../../../fixtures/manual-clock.js';

interface LaneState {
  readonly name: string;
  readonly history: string;
  /** Of its link: open, and known what it can do. */
  readonly isReady?: boolean;
}

/** Lanes of one master with one replica, each with something that waits for it; the confirmer's own link is on `h1`. */
function confirmerOf(...states: readonly LaneState[]) {
  const clock = new ManualClock();
  const node = master(7001);
  const directory = new FakeDirectory();
  directory.name(node);
  directory.replicas = { configured: 1, down: 0 };
  const common = { clock, random: () => 0, onOpen: () => {}, onClosed: () => {} };
  const link = new FakeLink({ ...common, name: 'confirm', address: { host: 'a', port: 1 }, replyTimeoutMs: 1_000 });
  link.greet({ history: 'h1' });
  const confirmed: string[] = [];
  const doubts: string[] = [];
  const senders = states.map(({ name, history, isReady = true }) => ({
    slot: 0,
    keys: { producers: name },
    channel: { master: node, isReady, link: { history } },
    lane: {
      history,
      producerId: name,
      stored: 7,
      viewCount: 0,
      awaitsConfirmation: true,
      identity: { isUsed: true },
      confirmThrough: () => confirmed.push(name),
    },
  }));
  const confirmer = new Confirmer({
    clock,
    directory,
    need: new ReplicaNeed({ durability: 'leader', onReplicaLoss: 'survivors', directory, onEvent: () => {} }),
    replay: new ReplayBuffer(new BufferPool(0), 1 << 20),
    waitMs: 100,
    senders: () => senders as unknown as LaneSender[],
    linkOf: () => link,
    onConfirmed: () => {},
    onDoubt: (_, reason) => doubts.push(reason),
  });
  return { confirmer, link, confirmed, doubts, directory };
}

describe('a confirmer', () => {
  it('has all lanes of one history confirmed by one touch and one WAIT', () => {
    const { confirmer, link, confirmed } = confirmerOf({ name: 'a', history: 'h1' }, { name: 'b', history: 'h1' });
    confirmer.round();
    expect(link.outstanding).toHaveLength(2);
    link.answer([1, 7]);
    link.answer(1);
    expect(confirmed).toEqual(['a', 'b']);
  });

  it('takes nothing for confirmed that a lane had on another history, whoever else has a witness', () => {
    for (const name of ['first', 'last']) {
      const old = { name: 'old', history: 'h0', isReady: false };
      const lanes = [{ name: 'a', history: 'h1' }];
      const { confirmer, link, confirmed, doubts } = confirmerOf(
        ...(name === 'first' ? [old, ...lanes] : [...lanes, old]),
      );
      confirmer.round();
      link.answer([1, 7]);
      link.answer(1);
      expect([confirmed, doubts]).toEqual([['a'], []]);
    }
  });

  it('takes nothing for confirmed that a replica may have confirmed which is back, and counts as down', () => {
    const { confirmer, link, confirmed, directory } = confirmerOf({ name: 'a', history: 'h1' });
    const heard = ['slave0:ip=a,port=2,state=online,lag=0', 'slave1:ip=a,port=3,state=online,lag=0'];
    const round = (replicas: number) => {
      confirmer.round();
      expect(link.outstanding.map(({ args }) => args[0])).toEqual(['EVALSHA', 'wait', 'INFO']);
      for (const reply of [[1, 7], 1, Buffer.from(heard.slice(0, replicas).join('\r\n'))]) link.answer(reply);
    };
    directory.replicas = { configured: 2, down: 1 };
    round(2);
    expect([confirmed, directory.refreshes]).toEqual([[], 1]);
    round(1);
    expect(confirmed).toEqual(['a']);
  });

  it('doubts the server where links that are open know different histories', () => {
    const { confirmer, link, confirmed, doubts } = confirmerOf(
      { name: 'a', history: 'h1' },
      { name: 'b', history: 'h0' },
    );
    confirmer.round();
    expect(link.outstanding).toEqual([]);
    expect([confirmed, doubts]).toEqual([[], ['two links know different histories']]);
  });
});
