import { describe, expect, it } from 'vitest';
import { Disposal } from '../../../../harness/environment/disposal.js';

describe('Disposal', () => {
  it('undoes the last thing first, each once', async () => {
    const done: string[] = [];
    const disposal = new Disposal();
    disposal.defer(async () => void done.push('first'));
    disposal.defer(async () => void done.push('second'));
    await Promise.all([disposal[Symbol.asyncDispose](), disposal[Symbol.asyncDispose]()]);
    await disposal[Symbol.asyncDispose]();
    expect(done).toEqual(['second', 'first']);
  });

  it('goes on after a failure, and then throws it', async () => {
    const done: string[] = [];
    const disposal = new Disposal();
    disposal.defer(async () => void done.push('first'));
    disposal.defer(() => Promise.reject(new Error('stuck')));
    await expect(disposal[Symbol.asyncDispose]()).rejects.toThrow('stuck');
    expect(done).toEqual(['first']);
  });

  it('does nothing after everything was moved to a new owner', async () => {
    const done: string[] = [];
    const disposal = new Disposal();
    disposal.defer(async () => void done.push('step'));
    const owner = disposal.move();
    await disposal[Symbol.asyncDispose]();
    expect(done).toEqual([]);
    await owner[Symbol.asyncDispose]();
    expect(done).toEqual(['step']);
  });
});
