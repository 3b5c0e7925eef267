import { describe, expect, it } from 'vitest';
import { classifyFailure } from '../../../../broker/redis/refusal.js';

describe('a failed command', () => {
  it.each([
    ['LOADING Redis is loading the dataset in memory', 'transient'],
    ['OOM allow-oom flag is not set on the script', 'transient'],
    ['READONLY You cannot write against a read only replica.', 'transient'],
    ['NOSCRIPT No matching script.', 'transient'],
    ['WRONGTYPE Operation against a key holding the wrong kind of value', 'definite'],
    ['UNBLOCKED the stream key no longer exists', 'ambiguous'],
  ])('%s is %s', (message, kind) => {
    expect(classifyFailure(Object.assign(new Error(message), { name: 'ReplyError' }))).toBe(kind);
  });

  it('without a reply is ambiguous', () => {
    expect(classifyFailure(new Error('OOM of our own'))).toBe('ambiguous');
  });
});
