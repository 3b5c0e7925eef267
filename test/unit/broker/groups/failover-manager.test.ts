import { beforeEach, describe, expect, it } from 'vitest';
import type { FailoverEvent } from '../../../../broker/broker-event.js';
import { FailoverManager } from '../../../../broker/groups/failover-manager.js';
import { FakeDirectory, master } from '../../../fixtures/fake-directory.js';
import { FakeLink } from '../../../fixtures/fake-link.js';
import { ManualClock } from '../../../fixtures/manual-clock.js';

const answer = (history: string, role = 'master') => Buffer.from(`role:${role}\r\nmaster_replid:${history}\r\n`);

describe('the watch over masters', () => {
  let clock: ManualClock;
  let directory: FakeDirectory;
  let opened: FakeLink[];
  let events: FailoverEvent[];
  let manager: FailoverManager;
  let caughtUp: { replay: boolean; reacquire: boolean };

  beforeEach(() => {
    clock = new ManualClock();
    directory = new FakeDirectory();
    opened = [];
    events = [];
    caughtUp = { replay: false, reacquire: false };
    directory.name(master(1));
    manager = new FailoverManager({
      directory,
      openLink: (options) => {
        const link = new FakeLink(options);
        opened.push(link);
        return link;
      },
      replicasNeeded: () => 0,
      credentials: {},
      replyTimeoutMs: 1_000,
      clock,
      random: () => 0.5,
      onEvent: (event) => {
        if (event.kind === 'failover') events.push(event);
      },
    });
    for (const duty of ['replay', 'reacquire'] as const) manager.register({ duty, isCaughtUp: () => caughtUp[duty] });
  });

  const probeOf = (port: number) => opened.findLast(({ name }) => name === `probe@127.0.0.1:${port}`)!;
  const steps = () => events.map(({ step, master: id }) => `${step} ${id.replace('127.0.0.1:', '')}`);

  /** Its probe is open, and all its questions are answered. */
  function answering(port: number, history: string): void {
    const probe = probeOf(port);
    if (!probe.isOpen) probe.greet({ history });
    while (probe.outstanding.length > 0) probe.answer(answer(history));
  }

  it('asks each master every 250 ms, and never twice at a time', () => {
    answering(1, 'h1');
    clock.advance(250);
    expect(probeOf(1).outstanding).toHaveLength(1);
    clock.advance(1_000);
    expect(probeOf(1).outstanding).toHaveLength(1);
    answering(1, 'h1');
    expect(events).toEqual([]);
    expect(manager.underWay).toEqual([]);
  });

  it('reports a failover step by step, as those who take part catch up', () => {
    answering(1, 'h1');
    probeOf(1).reset('ECONNRESET');
    expect(directory.refreshes).toBe(1);
    directory.name(master(2, 2));
    answering(2, 'h2');
    clock.advance(100);
    expect(steps()).toEqual(['noticed 1', 'located 2', 'verified 2']);
    expect(manager.underWay).toEqual([master(2, 2)]);
    caughtUp.replay = true;
    clock.advance(100);
    caughtUp.reacquire = true;
    clock.advance(100);
    expect(steps().slice(3)).toEqual(['replayed 2', 'reacquired 2', 'resumed 2']);
    expect(probeOf(1).isEnded).toBe(true);
    expect(manager.underWay).toEqual([]);
  });

  it('is told by the links of others, and by a role answer', () => {
    answering(1, 'h1');
    const links = manager.openLinks({ purpose: 'publish' });
    links.of(0);
    opened.at(-1)!.greet();
    opened.at(-1)!.reset('broken pipe');
    expect(events.map(({ reason }) => reason)).toEqual(['publish@127.0.0.1:1: broken pipe']);
    caughtUp = { replay: true, reacquire: true };
    answering(1, 'h1');
    clock.advance(300);
    expect(steps()).toEqual(['noticed 1', 'resumed 1']);
    clock.advance(250);
    probeOf(1).answer(answer('h1', 'slave'));
    expect(events.at(-1)).toMatchObject({ step: 'noticed', reason: 'it answers as a replica' });
  });

  it('opens everything anew at a master that is silent with open sockets', () => {
    answering(1, 'h1');
    const links = manager.openLinks({ purpose: 'publish' });
    links.of(0);
    const publish = opened.at(-1)!;
    publish.greet();
    probeOf(1).reset('no reply for 1000 ms');
    expect(publish.resets).toEqual(['probe: no reply for 1000 ms']);
    expect(steps()).toEqual(['noticed 1']);
  });

  it('un-wedges what stalls, and what it tears down itself is no news', () => {
    answering(1, 'h1');
    const links = manager.openLinks({ purpose: 'publish' });
    links.of(0);
    const publish = opened.at(-1)!;
    publish.greet();
    directory.name(master(2, 2));
    answering(2, 'h2');
    links.of(0);
    const toSecond = opened.at(-1)!;
    toSecond.greet({ history: 'h2' });
    const asked = directory.refreshes;
    for (let ms = 0; ms < 10_500; ms += 250) {
      clock.advance(250);
      if (probeOf(2).isOpen) answering(2, 'h2');
    }
    expect(steps()).toEqual(['noticed 1', 'located 2', 'verified 2', 'stalled 2']);
    expect(toSecond.resets).toHaveLength(1);
    expect(directory.refreshes).toBeGreaterThan(asked);
    // It goes on where it was.
    answering(2, 'h2');
    caughtUp = { replay: true, reacquire: true };
    clock.advance(300);
    expect(steps().at(-1)).toBe('resumed 2');
  });

  it('watches every master of a cluster, and takes moved slots for no failover', () => {
    directory.name(master(1), master(2));
    answering(1, 'h1');
    answering(2, 'h2');
    directory.name(master(1), master(2, 9));
    directory.name(master(2, 10));
    expect(probeOf(1).isEnded).toBe(true);
    expect(probeOf(2).isEnded).toBe(false);
    expect(events).toEqual([]);
  });

  it('ends with everything it opened', () => {
    const links = manager.openLinks({ purpose: 'publish' });
    links.of(0);
    links.close();
    manager[Symbol.dispose]();
    manager[Symbol.dispose]();
    expect(opened.every(({ isEnded }) => isEnded)).toBe(true);
    clock.advance(60_000);
    expect(events).toEqual([]);
  });
});
