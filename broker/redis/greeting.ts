import type { Greeting } from './link.js';

/** Reads an INFO reply; a text says why the server will not do yet. */
export function parseGreeting(info: string): Greeting | string {
  const field = (name: string) => new RegExp(`^${name}:([^\\r\\n]*)`, 'm').exec(info)?.[1] ?? '';
  if (field('loading') === '1') return 'Redis is loading its data';
  return {
    version: field('redis_version'),
    role: field('role') === 'slave' ? 'slave' : 'master',
    history: field('master_replid'),
    connectedReplicas: Number(field('connected_slaves')),
  };
}
