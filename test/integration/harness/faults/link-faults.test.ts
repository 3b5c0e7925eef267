import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { FaultKind } from '../../../../harness/faults/fault.js';
import { ping } from '../../../../harness/faults/probe.js';
import { findFaultKind } from '../../../../harness/faults/registry.js';
import { type FaultBed, injectRaw, openFaultBed, withoutEffect } from '../../../fixtures/fault-bed.js';

const { signal } = new AbortController();
const kind = (name: string) => findFaultKind(name) as FaultKind;

interface Case {
  readonly name: string;
  readonly params: Readonly<Record<string, unknown>>;
  /** In `observed`, when it took hold. */
  readonly seen: RegExp;
}

const both = (name: string, params: Readonly<Record<string, unknown>>, seen: RegExp): Case[] =>
  ['upstream', 'downstream', 'both'].map((direction) => ({ name, params: { ...params, direction }, seen }));

const cases: readonly Case[] = [
  ...both('latency', { latency: '60ms' }, /PING through redis-1.clients: \d+/),
  { name: 'latency', params: { latency: '60ms', jitter: '60ms' }, seen: /before: / },
  ...both('bandwidth', { bandwidth: '100KiB/s' }, /and back: \d+/),
  ...both('timeout', { timeout: 0 }, /no answer for .*past it: answered/),
  { name: 'timeout', params: { timeout: '50ms' }, seen: /closed after|no answer/ },
  ...both('reset_peer', { reset_peer: 0 }, /reset after/),
  { name: 'reset_peer', params: { reset_peer: '100ms' }, seen: /reset after/ },
  ...both('slicer', { slicer: '32B', variation: '8B', delay: '2ms' }, /and back: \d+/),
  ...both('limit_data', { limit_data: '10KiB' }, /(closed|reset) after/),
  { name: 'limit_data', params: { limit_data: '3B' }, seen: /closed after/ },
  ...both('slow_close', { slow_close: '1s' }, /still open after .*before: closed after/),
  { name: 'down', params: { down: 'redis-master.clients' }, seen: /connection refused/ },
  { name: 'latency', params: { latency: '60ms', link: 'redis-1.peers' }, seen: /redis-1.peers/ },
  { name: 'down', params: { down: 'redis-replica.peers' }, seen: /redis-2.peers: connection refused/ },
];

describe('faults on links', () => {
  let bed: FaultBed;
  beforeAll(async () => {
    bed = await openFaultBed({ topology: 'replicated', replicas: 1 });
  });
  afterAll(async () => {
    await bed[Symbol.asyncDispose]();
  });

  test.each(cases)('$name $params takes hold, and is undone', async ({ name, params, seen }) => {
    const fault = await injectRaw(kind(name), params, bed.context);
    try {
      const evidence = await fault.prove(signal);
      expect(evidence).toEqual({ tookHold: true, observed: expect.stringMatching(seen) });
    } finally {
      await fault.lift(signal);
      await fault.lift(signal);
    }
    for (const link of bed.environment.links) {
      expect(await bed.context.toxiproxy.listToxics(link.proxy)).toEqual([]);
      expect((await ping(link, 5000, bed.context.clock, signal)).outcome).toBe('replied');
    }
  });

  test.each(cases)('$name $params without effect does not take hold', async ({ name, params }) => {
    const context = { ...bed.context, toxiproxy: withoutEffect(bed.context.toxiproxy) };
    const fault = await injectRaw(kind(name), params, context);
    try {
      expect(await fault.prove(signal)).toMatchObject({ tookHold: false });
    } finally {
      await fault.lift(signal);
    }
  });
});
