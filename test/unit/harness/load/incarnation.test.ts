import { describe, expect, it } from 'vitest';
import {
  beginPause,
  endPause,
  incidentsOf,
  isPaused,
  mayBeSilent,
  newIncarnation,
  noteSignal,
  readySpansOf,
} from '../../../../harness/load/incarnation.js';

const consumer = { role: 'consumer', index: 1 } as const;

describe('readySpansOf', () => {
  it('has each life that was ready, until its end, its kill, or the end of the run', () => {
    const lives = [newIncarnation(0, 0), newIncarnation(1, 100), newIncarnation(2, 200), newIncarnation(3, 300)];
    const end = { worker: 'consumer-2', reason: 'finished', detail: 'finished', code: 0, signal: null } as const;
    Object.assign(lives[0]!, { readyNs: 10, end: { ...end, incarnation: 0, atNs: 90 } });
    Object.assign(lives[2]!, { readyNs: 210, killedNs: 280, end: { ...end, incarnation: 2, atNs: 285 } });
    lives[3]!.readyNs = 310;
    expect(readySpansOf(1, lives, 1000)).toEqual([
      { worker: 1, fromNs: 10, untilNs: 90 },
      { worker: 1, fromNs: 210, untilNs: 280 },
      { worker: 1, fromNs: 310, untilNs: 1000 },
    ]);
  });
});

describe('incidentsOf', () => {
  it('holds a kill until a later incarnation was ready, past those that never were', () => {
    const lives = [newIncarnation(0, 0), newIncarnation(1, 200), newIncarnation(2, 300)];
    noteSignal(lives[0]!, 'SIGKILL', 100);
    noteSignal(lives[0]!, 'SIGKILL', 150);
    lives[2]!.readyNs = 350;
    expect(incidentsOf(consumer, lives, 1000)).toEqual([
      { role: 'consumer', worker: 1, incarnation: 0, kind: 'killed', fromNs: 100, untilNs: 350 },
    ]);
  });

  it('holds a kill without a restart, and a pause without an end, until the end of the run', () => {
    const life = newIncarnation(0, 0);
    noteSignal(life, 'SIGSTOP', 100);
    noteSignal(life, 'SIGSTOP', 110);
    expect(isPaused(life)).toBe(true);
    noteSignal(life, 'SIGKILL', 200);
    expect(incidentsOf(consumer, [life], 1000)).toMatchObject([
      { kind: 'paused', fromNs: 100, untilNs: 1000 },
      { kind: 'killed', fromNs: 200, untilNs: 1000 },
    ]);
    endPause(life, 201);
    expect(incidentsOf(consumer, [life], 1000)[0]).toMatchObject({ fromNs: 100, untilNs: 201 });
  });

  it('holds an ordered stop until a later incarnation was ready, and calls it no kill', () => {
    const lives = [newIncarnation(0, 0), newIncarnation(1, 200)];
    noteSignal(lives[0]!, 'SIGTERM', 100);
    lives[1]!.readyNs = 350;
    expect(incidentsOf({ role: 'producer', index: 0 }, lives, 1000)).toEqual([
      { role: 'producer', worker: 0, incarnation: 0, kind: 'stopped', fromNs: 100, untilNs: 350 },
    ]);
    expect(lives[0]!.killedNs).toBeUndefined();
  });

  it('keeps each pause', () => {
    const life = newIncarnation(0, 0);
    for (const [from, until] of [
      [1, 2],
      [5, 8],
    ] as const) {
      noteSignal(life, 'SIGSTOP', from);
      noteSignal(life, 'SIGCONT', until);
    }
    noteSignal(life, 'SIGCONT', 9);
    expect(incidentsOf(consumer, [life], 10).map(({ fromNs, untilNs }) => [fromNs, untilNs])).toEqual([
      [1, 2],
      [5, 8],
    ]);
  });
});

describe('a stall', () => {
  it('is a pause to the checker, and goes on when a SIGSTOP within it is over', () => {
    const life = newIncarnation(0, 0);
    beginPause(life, 'stall', 100);
    beginPause(life, 'stall', 110);
    noteSignal(life, 'SIGSTOP', 120);
    noteSignal(life, 'SIGCONT', 130);
    expect([isPaused(life), isPaused(life, 'stall'), isPaused(life, 'signal')]).toEqual([true, true, false]);
    life.readyNs = 10;
    expect(mayBeSilent(life, true)).toBe(true);
    endPause(life, 140, 'stall');
    expect(mayBeSilent(life, true)).toBe(false);
    expect(incidentsOf(consumer, [life], 1000)).toEqual([
      { role: 'consumer', worker: 1, incarnation: 0, kind: 'paused', fromNs: 100, untilNs: 140 },
      { role: 'consumer', worker: 1, incarnation: 0, kind: 'paused', fromNs: 120, untilNs: 130 },
    ]);
  });
});

describe('mayBeSilent', () => {
  it('expects figures of a worker that is ready, not paused, and whose load has begun', () => {
    const life = newIncarnation(0, 0);
    expect(mayBeSilent(life, true)).toBe(true);
    life.readyNs = 10;
    expect(mayBeSilent(life, false)).toBe(true);
    expect(mayBeSilent(life, true)).toBe(false);
    noteSignal(life, 'SIGSTOP', 20);
    expect(mayBeSilent(life, true)).toBe(true);
    noteSignal(life, 'SIGCONT', 30);
    expect(mayBeSilent(life, true)).toBe(false);
  });
});
