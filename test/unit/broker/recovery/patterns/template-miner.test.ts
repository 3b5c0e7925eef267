import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { maskedMessage } from '../../../../../broker/recovery/failure-fingerprint.js';
import { TemplateMiner } from '../../../../../broker/recovery/patterns/template-miner.js';

describe('a template', () => {
  it('keeps what is the same, and grows more general', () => {
    const miner = new TemplateMiner();
    const first = miner.learn('no price for ann in shop <id>');
    const second = miner.learn('no price for bob in shop <id>');
    expect(second).toBe(first);
    expect(second.tokens.join(' ')).toBe('no price for <*> in shop <id>');
    expect(second.count).toBe(2);
  });

  it('does not swallow messages that differ at the start, in most words behind it, in length or in scope', () => {
    const miner = new TemplateMiner();
    const ids = [
      miner.learn('no price for ann'),
      miner.learn('no stock for ann'),
      miner.learn('no price was given'),
      miner.learn('no price for ann today'),
      miner.learn('no price for ann', 'another class'),
    ].map(({ id }) => id);
    expect(new Set(ids).size).toBe(5);
  });

  it('is not split by a value at its start', () => {
    const miner = new TemplateMiner();
    expect(miner.learn('<id> is not known here')).toBe(miner.learn('<url> is not known here'));
  });

  it('is forgotten when it was not seen for longest, of at most so many', () => {
    const miner = new TemplateMiner({ maxTemplates: 3 });
    const first = miner.learn('a a a');
    for (const letter of ['b', 'c']) miner.learn(`${letter} ${letter} ${letter}`);
    expect(miner.learn('a a a')).toBe(first);
    miner.learn('d d d');
    expect(miner.size).toBe(3);
    expect(miner.learn('a a a')).toBe(first);
    expect(miner.learn('b b b').count).toBe(1);
  });

  it('shares a child of a node that has too many', () => {
    const miner = new TemplateMiner({ maxChildren: 2 });
    for (const name of ['ann', 'bob']) miner.learn(`${name} has no price`);
    const shared = miner.learn('cyd has no price');
    expect(miner.learn('dan has no price')).toBe(shared);
    expect(shared.tokens.join(' ')).toBe('<*> has no price');
    expect(miner.learn('ann has no price').count).toBe(2);
  });

  it('of anything has as many tokens as the message, each the message’s or a wildcard, in bounded memory', () => {
    const word = fc.constantFrom('no', 'price', 'for', 'ann', '<id>', '', '<*>');
    fc.assert(
      fc.property(fc.array(fc.array(word, { maxLength: 6 })), (messages) => {
        const miner = new TemplateMiner({ maxTemplates: 5 });
        for (const words of messages) {
          const message = words.join(' ');
          const { tokens } = miner.learn(message);
          const own = message.split(' ');
          expect(tokens).toHaveLength(own.length);
          for (const [i, token] of tokens.entries()) expect(['<*>', own[i]]).toContain(token);
          expect(miner.size).toBeLessThanOrEqual(5);
        }
      }),
    );
  });

  it('is the same under ids, numbers and addresses', () => {
    const value = fc.oneof(fc.uuid(), fc.nat().map(String), fc.ipV4(), fc.constantFrom('"a b"', 'order-17', '3.5'));
    fc.assert(
      fc.property(fc.array(value, { minLength: 2 }), (values) => {
        const miner = new TemplateMiner();
        const ids = values.map((one) => miner.learn(maskedMessage(`cannot reach ${one} for order`)).id);
        expect(new Set(ids).size).toBe(1);
      }),
    );
  });
});
