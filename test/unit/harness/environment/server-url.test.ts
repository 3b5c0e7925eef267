import { describe, expect, it } from 'vitest';
import {
  formatAddress,
  isLoopback,
  parseRedisUrl,
  parseToxiproxyUrl,
  parseUpstream,
} from '../../../../harness/environment/server-url.js';

describe('parseRedisUrl', () => {
  it.each([
    ['redis://127.0.0.1:6380', { host: '127.0.0.1', port: 6380 }],
    ['redis://example.test', { host: 'example.test', port: 6379 }],
    ['redis://example.test/0', { host: 'example.test', port: 6379 }],
    ['redis://:p%40ss@h:1', { host: 'h', port: 1, password: 'p@ss' }],
    ['redis://u:p@[::1]:6379', { host: '::1', port: 6379, username: 'u', password: 'p' }],
  ])('%s', (text, expected) => expect(parseRedisUrl(text)).toEqual(expected));

  it.each([
    ['localhost:6379', 'expected redis://'],
    ['http://h:1', 'expected redis://'],
    ['rediss://h:1', 'TLS is not supported'],
    ['redis://h:1/3', 'only database 0'],
    ['redis://', 'expected redis://'],
    ['redis://h:99999', 'expected redis://'],
  ])('refuses %s', (text, message) => expect(() => parseRedisUrl(text)).toThrow(message));

  it('never shows the password', () => {
    for (const text of ['rediss://u:secret@h:1', 'redis://u:secret@h:1/3', 'redis://u:secret@h:99999']) {
      let message = '';
      try {
        parseRedisUrl(text);
      } catch (error) {
        message = (error as Error).message;
      }
      expect(message).toContain('--redis');
      expect(message).not.toContain('secret');
    }
  });
});

describe('parseToxiproxyUrl', () => {
  it.each([
    ['http://127.0.0.1:8474', { host: '127.0.0.1', port: 8474 }],
    ['http://toxi', { host: 'toxi', port: 8474 }],
    ['http://toxi:80', { host: 'toxi', port: 80 }],
    ['http://[::1]:9', { host: '::1', port: 9 }],
  ])('%s', (text, expected) => expect(parseToxiproxyUrl(text)).toEqual(expected));

  it.each(['https://h:1', 'h:8474', 'http://h:1/api'])('refuses %s', (text) =>
    expect(() => parseToxiproxyUrl(text)).toThrow('--toxiproxy'),
  );
});

describe('parseUpstream', () => {
  it('takes host:port', () => expect(parseUpstream('redis:6379')).toEqual({ host: 'redis', port: 6379 }));
  it.each(['redis', 'redis://redis:6379', ':1', 'redis:x'])('refuses %s', (text) =>
    expect(() => parseUpstream(text)).toThrow('--redis-upstream'),
  );
});

it('writes and judges addresses', () => {
  expect(formatAddress({ host: '::1', port: 1 })).toBe('[::1]:1');
  expect(formatAddress({ host: 'h', port: 1 })).toBe('h:1');
  expect(['127.0.0.1', '::1', 'localhost', '127.1.2.3'].every(isLoopback)).toBe(true);
  expect(['10.0.0.1', 'redis', '127.example.test'].some(isLoopback)).toBe(false);
});
