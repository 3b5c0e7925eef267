import { describe, expect, it } from 'vitest';
import { KeyGate } from '../../../../broker/groups/key-gate.js';

describe('a key gate', () => {
  it('lets one of a key pass at a time, in order, and keyless ones always', () => {
    const gate = new KeyGate<string>();
    expect(gate.admit('a', 'a1')).toBe(true);
    expect(gate.admit('a', 'a2')).toBe(false);
    expect(gate.admit('b', 'b1')).toBe(true);
    expect(gate.admit('a', 'a3')).toBe(false);
    expect(gate.admit(undefined, 'x')).toBe(true);
    expect(gate.release(undefined)).toBeUndefined();
    expect(gate.release('a')).toBe('a2');
    expect(gate.admit('a', 'a4')).toBe(false);
    expect(gate.release('a')).toBe('a3');
    expect(gate.release('a')).toBe('a4');
    expect(gate.release('a')).toBeUndefined();
    expect(gate.admit('a', 'a5')).toBe(true);
  });

  it('keeps order for busy keys while thousands of idle ones are forgotten', () => {
    const gate = new KeyGate<string>();
    expect(gate.admit('busy', 'b1')).toBe(true);
    expect(gate.admit('busy', 'b2')).toBe(false);
    for (let i = 0; i < 10_000; i++) {
      expect(gate.admit(`k${i}`, 'x')).toBe(true);
      expect(gate.release(`k${i}`)).toBeUndefined();
    }
    expect(gate.admit('busy', 'b3')).toBe(false);
    expect(gate.release('busy')).toBe('b2');
    expect(gate.release('busy')).toBe('b3');
    expect(gate.release('busy')).toBeUndefined();
    expect(gate.admit('k1', 'again')).toBe(true);
  });
});
