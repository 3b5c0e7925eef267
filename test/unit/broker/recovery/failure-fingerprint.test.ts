import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fingerprintOf, maskedMessage, topFrames } from '../../../../broker/recovery/failure-fingerprint.js';

describe('a masked message', () => {
  it.each([
    ['order 4711 not found', 'order <id> not found'],
    ['user "bob" at 10.0.0.1:5432 refused', 'user <value> at <address> refused'],
    ['timeout of 300ms for req-8f3a2c at 2026-01-02T03:04:05.678Z', 'timeout of <id> for <id> at <time>'],
    ['https://shop.example/cart?id=1 answered', '<url> answered'],
    ["can't read property 'foo' of undefined", "can't read property <value> of undefined"],
    ['mail to ann@example.org bounced', 'mail to <mail> bounced'],
    ['0188e8f2-7c1b-7000-8000-000000000001 is\n  gone', '<id> is gone'],
    ['waited 7 s of 42', 'waited <id> s of <id>'],
    ['waited 7.25 s of 42.5', 'waited <id> s of <id>'],
    ['took 3.5ms, at most 300ms', 'took <id>, at most <id>'],
    ['no route to host', 'no route to host'],
  ])('of %j', (message, masked) => {
    expect(maskedMessage(message)).toBe(masked);
  });
});

describe('a fingerprint', () => {
  it('is the same whatever numbers and ids a message has', () => {
    const words = fc.array(fc.constantFrom('order', 'not', 'found', 'timeout', 'of', 'shop'), { minLength: 1 });
    const value = fc.oneof(
      fc.nat().map(String),
      fc.uuid(),
      fc.ipV4(),
      fc.nat().map((n) => `req-${n}`),
    );
    fc.assert(
      fc.property(words, value, value, (text, a, b) => {
        // An address and a number are kinds of their own.
        fc.pre(maskedMessage(a) === maskedMessage(b));
        const of = (id: string) => fingerprintOf('Error', `${text.join(' ')} ${id} ${text[0]}`, ['f (a.js)']);
        expect(of(a)).toBe(of(b));
      }),
    );
  });

  it('tells classes, words and places apart', () => {
    const all = [
      fingerprintOf('Error', 'no price', ['f (a.js)']),
      fingerprintOf('TypeError', 'no price', ['f (a.js)']),
      fingerprintOf('Error', 'no stock', ['f (a.js)']),
      fingerprintOf('Error', 'no price', ['g (a.js)']),
      fingerprintOf('Error', 'no price', []),
    ];
    expect(new Set(all).size).toBe(5);
    expect(all[0]).toMatch(/^[0-9a-f]{12}$/);
  });
});

describe('the frames of a stack', () => {
  it('are the innermost three, without folders, lines, aliases and Node itself', () => {
    const stack = [
      'Error: broken',
      '    at charge (/srv/app/v2/dist/charge.js:10:5)',
      '    at Object.handle [as handler] (file:///srv/app/v2/dist/orders.js:3:1)',
      '    at process.processTicksAndRejections (node:internal/process/task_queues:95:5)',
      '    at async Promise.all (index 0)',
      '    at async /srv/app/v2/dist/main.js:7:3',
      '    at new Shop (C:\\app\\shop.js:1:1)',
    ].join('\n');
    expect(topFrames(stack)).toEqual(['charge (charge.js)', 'Object.handle (orders.js)', 'Promise.all (index 0)']);
  });

  it('are none where there is no stack', () => {
    expect([undefined, null, 7, '', 'no frames\nhere'].map(topFrames)).toEqual([[], [], [], [], []]);
  });

  it('of anything are short, and found in no time', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ maxLength: 300 })), (lines) => {
        const frames = topFrames(lines.map((line) => `    at ${line}`).join('\n'));
        expect(frames.length).toBeLessThanOrEqual(3);
        expect(frames.every((frame) => frame.length <= 120)).toBe(true);
      }),
    );
  });
});
