import { describe, expect, it } from 'vitest';
import { BufferPool } from '../../../../broker/log/buffer-pool.js';
import { OutgoingFrame } from '../../../../broker/log/outgoing-frame.js';
import { ReplayBuffer } from '../../../../broker/log/replay-buffer.js';
import { RetainedFrames } from '../../../../broker/log/retained-frames.js';

describe('a replay buffer', () => {
  it('gives to the tail all that the unconfirmed leave of its bound', () => {
    const MIB = 1024 * 1024;
    const pool = new BufferPool(0);
    const replay = new ReplayBuffer(pool, 40 * MIB);
    const retained = new RetainedFrames(replay, {
      pool,
      maxFrameBytes: MIB,
      maxFrameMessages: 1,
      headRoomBytes: 0,
    });
    const addFrames = (first: number, last: number) => {
      for (let sequence = first; sequence <= last; sequence++) {
        retained.add(new OutgoingFrame(pool.take(MIB), 0, sequence + 1));
      }
    };
    addFrames(1, 50);
    retained.confirmThrough(50, 0);
    replay.trim(0);
    expect([replay.unconfirmedBytes, replay.tailBytes]).toEqual([0, 40 * MIB]);
    addFrames(51, 60);
    replay.trim(0);
    expect([replay.unconfirmedBytes, replay.tailBytes]).toEqual([10 * MIB, 30 * MIB]);
  });
});
