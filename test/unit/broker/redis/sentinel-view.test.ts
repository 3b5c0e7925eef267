import { describe, expect, it } from 'vitest';
import {
  nameMaster,
  parseSentinelAnswer,
  reportReplicas,
  type SentinelAnswer,
} from '../../../../broker/redis/sentinel-view.js';
import type { Reply } from '../../../../broker/redis/wire-command.js';
import { master } from '../../../fixtures/fake-directory.js';

const flat = (fields: Record<string, string | number>): Reply =>
  Object.entries(fields).flatMap(([name, value]) => [Buffer.from(name), Buffer.from(String(value))]);
const place = (port: number): Reply => [Buffer.from('10.0.0.1'), Buffer.from(String(port))];

describe("a Sentinel's answer", () => {
  const MASTER = flat({ 'config-epoch': 3, 'down-after-milliseconds': 1_000, 'num-other-sentinels': 2 });
  const REPLICAS: Reply = [
    flat({ ip: '10.0.0.1', port: 2, flags: 'slave' }),
    flat({ ip: '10.0.0.1', port: 3, flags: 's_down,slave,disconnected' }),
    // The master of before: it lives, and has not been told to follow.
    flat({ ip: '10.0.0.1', port: 4, flags: 'slave', 'role-reported': 'master' }),
    // Being promoted: named already, listed as a replica still.
    flat({ ip: '10.0.0.1', port: 1, flags: 'slave' }),
  ];

  it('is read from its replies', () => {
    expect(parseSentinelAnswer(7, [place(1), MASTER, REPLICAS, place(1)])).toEqual({
      askedMs: 7,
      master: '10.0.0.1:1',
      epoch: 3,
      downAfterMs: 1_000,
      sentinels: 3,
      replicas: [
        { id: '10.0.0.1:2', isDown: false },
        { id: '10.0.0.1:3', isDown: true },
        { id: '10.0.0.1:4', isDown: true },
      ],
    });
  });

  it.each([
    ['whose naming changed in between', [place(1), MASTER, REPLICAS, place(2)]],
    ['that names nobody', [null, MASTER, REPLICAS, null]],
    ['that failed', [place(1), null, null, place(1)]],
  ] as const)('%s is none', (_, replies) => {
    expect(parseSentinelAnswer(0, replies)).toBeUndefined();
  });
});

function answer(port: number, epoch: number, fields: Partial<SentinelAnswer> = {}): SentinelAnswer {
  return { askedMs: 0, master: `127.0.0.1:${port}`, epoch, downAfterMs: 1_000, sentinels: 3, replicas: [], ...fields };
}

describe('the master', () => {
  it('is the one with the highest epoch, however few name it', () => {
    expect(nameMaster([answer(1, 1), answer(1, 1), answer(2, 2)], master(1, 1), {})).toEqual(master(2, 2));
  });

  it('is never one of a lower epoch than before, nor another one of the same', () => {
    const present = master(2, 2);
    expect(nameMaster([answer(1, 1), answer(1, 1), answer(1, 1)], present, {})).toBe(present);
    expect(nameMaster([answer(3, 2)], present, {})).toBe(present);
    expect(nameMaster([], present, {})).toBe(present);
  });

  it('is reached where clients reach it', () => {
    const natMap = { '127.0.0.1:1': { host: 'proxy', port: 100 } };
    expect(nameMaster([answer(1, 1)], undefined, natMap)).toEqual({
      id: 'proxy:100',
      host: 'proxy',
      port: 100,
      epoch: 1,
    });
  });
});

describe('a replica', () => {
  const down = (askedMs: number, isDown = true, epoch = 1) =>
    answer(1, epoch, {
      askedMs,
      replicas: [
        { id: 'r', isDown },
        { id: 's', isDown: false },
      ],
    });
  const reports = (answers: readonly SentinelAnswer[], nowMs = 0, listed = 3) => {
    const { replicas, isFresh } = reportReplicas(answers, 1, listed, nowMs);
    return { down: replicas.filter(({ isReportedDown }) => isReportedDown).map(({ id }) => id), isFresh };
  };

  it('is down when a majority of all Sentinels says so', () => {
    expect(reports([down(0), down(0), down(0, false)])).toEqual({ down: ['r'], isFresh: true });
    expect(reports([down(0), down(0, false), down(0, false)])).toEqual({ down: [], isFresh: true });
    expect(reports([down(0)])).toEqual({ down: [], isFresh: false });
  });

  it('is down for half of down-after, no longer', () => {
    expect(reports([down(0), down(0)], 500)).toEqual({ down: ['r'], isFresh: true });
    expect(reports([down(0), down(1)], 501)).toEqual({ down: [], isFresh: false });
  });

  it('is not down by the word of those that have not heard of the failover', () => {
    expect(reports([down(0), down(0, true, 0), down(0, true, 0)])).toEqual({ down: [], isFresh: false });
  });

  it('is not down by a majority of those that are listed where there are more Sentinels', () => {
    const one = answer(1, 1, { sentinels: 5, replicas: [{ id: 'r', isDown: true }] });
    expect(reports([one, one], 0, 2)).toEqual({ down: [], isFresh: false });
    expect(reports([one, one, one], 0, 3)).toEqual({ down: ['r'], isFresh: true });
  });
});
