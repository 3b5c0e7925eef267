import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PendingCommands } from '../../../../broker/redis/pending-commands.js';
import { WireCommand } from '../../../../broker/redis/wire-command.js';

const command = (name: string) => new WireCommand(name, Buffer.alloc(0), () => {});

describe('pending commands', () => {
  it('are forgotten from the front as their replies come', () => {
    const pending = new PendingCommands();
    const [a, b, c] = ['a', 'b', 'c'].map(command) as [WireCommand, WireCommand, WireCommand];
    for (const one of [a, b, c]) pending.push(one);
    b.resolve(null);
    pending.dropSettled();
    expect(pending.isEmpty).toBe(false);
    a.resolve(null);
    pending.dropSettled();
    expect(pending.takeAll()).toEqual([c]);
    expect(pending.isEmpty).toBe(true);
  });

  it('are, whatever comes and goes, those without a reply', () => {
    const steps = fc.array(fc.constantFrom('send', 'reply'), { maxLength: 5000 });
    fc.assert(
      fc.property(steps, (list) => {
        const pending = new PendingCommands();
        const naive: WireCommand[] = [];
        for (const step of list) {
          if (step === 'send') {
            const one = command('x');
            pending.push(one);
            naive.push(one);
          } else {
            naive.shift()?.resolve(null);
            pending.dropSettled();
          }
          expect(pending.isEmpty).toBe(naive.length === 0);
        }
        expect(pending.takeAll()).toEqual(naive);
      }),
      { numRuns: 20 },
    );
  });
});
