import { describe, expect, it } from 'vitest';
import { classifyFailure, refusalOf } from '../../../../broker/redis/refusal.js';

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

describe('a connection that cannot be opened', () => {
  const address = { host: 'redis', port: 6379, db: 3 };
  const failure = (message: string, fields: object = {}) => Object.assign(new Error(message), fields);
  const reply = { name: 'ReplyError' };

  it.each([
    ['WRONGPASS invalid username-password pair', reply, {}, 'unauthorized'],
    ['NOAUTH HELLO must be called with the client already authenticated', reply, {}, 'unauthorized'],
    ["NOPERM this user has no permissions to run the 'info' command", reply, {}, 'unauthorized'],
    ['DENIED Redis is running in protected mode', reply, {}, 'unauthorized'],
    ['ERR DB index is out of range', reply, {}, 'bad-option'],
    ['ERR SELECT is not allowed in cluster mode', reply, {}, 'bad-option'],
    ['Unknown RESP type 72 "H"', {}, {}, 'protocol'],
    ['Unknown RESP type 21 "\x15"', {}, {}, 'protocol'],
    ['write EPROTO: wrong version number', { code: 'EPROTO' }, { tls: true }, 'protocol'],
    ['self-signed certificate', { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' }, { tls: true }, 'protocol'],
  ] as const)('because of %s is refused for good, with the place', (message, fields, tls, code) => {
    const refusal = refusalOf(failure(message, fields), { ...address, ...tls });
    expect(refusal).toMatchObject({ code, message: expect.stringContaining(`redis:6379: ${message}`) });
  });

  it.each([
    ['connect ECONNREFUSED', { code: 'ECONNREFUSED' }],
    ['getaddrinfo ENOTFOUND redis', { code: 'ENOTFOUND' }],
    ['ERR max number of clients reached', reply],
    ['LOADING Redis is loading the dataset in memory', reply],
  ] as const)('because of %s may be opened later', (message, fields) => {
    expect(refusalOf(failure(message, fields), address)).toBeUndefined();
  });
});
