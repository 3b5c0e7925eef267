import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Fifo } from '../../../broker/fifo.js';

describe('a queue', () => {
  it('gives out what came in, in order, however long it is', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(3_000), fc.nat(3_000)), { maxLength: 8 }), (rounds) => {
        const queue = new Fifo<number>();
        let pushed = 0;
        let taken = 0;
        for (const [pushes, shifts] of rounds) {
          for (let i = 0; i < pushes; i++) queue.push(pushed++);
          for (let i = 0; i < shifts; i++) {
            const isEmpty = taken === pushed;
            if (queue.first !== (isEmpty ? undefined : taken)) throw new Error(`first ${queue.first}, not ${taken}`);
            if (queue.shift() !== (isEmpty ? undefined : taken)) throw new Error(`not ${taken}`);
            if (!isEmpty) taken++;
          }
          if (queue.length !== pushed - taken) throw new Error(`length ${queue.length}`);
        }
      }),
      { numRuns: 50 },
    );
    expect(new Fifo<number>().shift()).toBeUndefined();
  });
});
