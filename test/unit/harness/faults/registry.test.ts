import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { type FaultKind, nameOf } from '../../../../harness/faults/fault.js';
import { FAULT_KINDS, findFaultKind } from '../../../../harness/faults/registry.js';
import { faultTiming } from '../../../../harness/scenario/fault-entry.js';

const TIMING_KEYS = Object.keys(faultTiming.shape);
const kind = (name: string) => findFaultKind(name) as FaultKind;

describe('fault registry', () => {
  test('names are unique and found', () => {
    expect(new Set(FAULT_KINDS.map(({ name }) => name)).size).toBe(FAULT_KINDS.length);
    expect(findFaultKind('latency')?.name).toBe('latency');
    expect(findFaultKind('earthquake')).toBeUndefined();
  });

  test.each(FAULT_KINDS.map((one) => [one.name, one] as const))('the example of %s is valid', (name, one) => {
    const entries = Object.entries(parse(one.example) as Record<string, unknown>);
    const raw = Object.fromEntries(entries.filter(([key]) => !TIMING_KEYS.includes(key)));
    expect(Object.keys(raw)).toContain(name);
    const params = one.params.parse(raw);
    for (const target of one.targets(params)) expect(nameOf(target)).toMatch(/^(redis|sentinel|consumer)-/);
    expect(one.summary).toMatch(/^[A-Z].*\.$/);
  });

  test.each(FAULT_KINDS.map((one) => [one.name, one] as const))('%s has a JSON Schema', (name, one) => {
    expect(z.toJSONSchema(one.params, { io: 'input' })).toMatchObject({
      required: expect.arrayContaining([name]),
    });
  });

  test('links and directions have defaults', () => {
    expect(kind('latency').params.parse({ latency: '20ms' })).toEqual({
      latency: 20,
      jitter: 0,
      link: 'redis-master.clients',
      direction: 'downstream',
    });
    expect(kind('timeout').params.parse({ timeout: 0 })).toMatchObject({ direction: 'both' });
  });

  test.each([
    ['latency', { latency: '0ms' }],
    ['latency', { latency: '0.5ms' }],
    ['latency', { latency: '11s' }],
    ['latency', { latency: 20 }],
    ['latency', { latency: '20ms', jitter: '21ms' }],
    ['latency', { latency: '20ms', link: 'redis-1' }],
    ['latency', { latency: '20ms', link: 'redis-1.both' }],
    ['latency', { latency: '20ms', direction: 'sideways' }],
    ['latency', { latency: '20ms', jiter: '1ms' }],
    ['bandwidth', { bandwidth: '1B/s' }],
    ['bandwidth', { bandwidth: '1GiB/s' }],
    ['slicer', { slicer: '10B', variation: '10B' }],
    ['slicer', { slicer: '10B', delay: 0 }],
    ['limit_data', { limit_data: 0 }],
    ['limit_data', { limit_data: '1GiB' }],
    ['slow_close', { slow_close: '1ms' }],
    ['down', { down: 'redis-master' }],
    ['kill', { kill: 'redis-1.clients' }],
    ['kill', { kill: 'redis-1', restart: 0 }],
    ['pause', { pause: '../x' }],
    ['stall', { stall: 'redis-1' }],
    ['stall', { stall: 'consumer' }],
    ['down', { down: 'redis-1.operator-1' }],
    ['partition', { partition: 'redis-1' }],
    ['partition', { partition: [] }],
    ['partition', { partition: ['consumer-1'] }],
    ['partition', { partition: ['redis-1'], clients: 'yes' }],
    ['restart', { restart: 'redis-1', data: 'some' }],
    ['restart', { restart: 'consumer-1', data: 'lost' }],
    ['restart', { restart: 'sentinel-1', data: 'lost' }],
    ['rollingRestart', { rollingRestart: 'consumers' }],
    ['failover', { failover: 'redis-1', mode: 'gentle' }],
    ['failover', { failover: 'sentinel-1' }],
    ['config', { config: 'redis-1' }],
    ['config', { config: 'redis-1', set: {} }],
    ['config', { config: 'redis-1', set: { maxmemory: null } }],
    ['config', { config: 'redis-1', set: { 'max memory': '1mb' } }],
    ['deleteKeys', { deleteKeys: '' }],
    ['migrateSlots', { migrateSlots: 'redis-1', slots: 0 }],
  ])('%s refuses %o', (name, raw) => {
    expect(kind(name).params.safeParse(raw).success).toBe(false);
  });

  test('settings are text, true and false as Redis writes them', () => {
    const set = { maxmemory: '1mb', 'min-replicas-to-write': 2, 'lazyfree-lazy-expire': true };
    expect(kind('config').params.parse({ config: 'redis-1', set })).toMatchObject({
      set: { maxmemory: '1mb', 'min-replicas-to-write': '2', 'lazyfree-lazy-expire': 'yes' },
    });
  });

  test('a partition touches the links of its servers', () => {
    const links = (raw: object) => kind('partition').targets(kind('partition').params.parse(raw)).map(nameOf);
    expect(links({ partition: ['redis-1', 'sentinel-1'] })).toEqual(['redis-1.peers', 'sentinel-1.peers']);
    expect(links({ partition: ['redis-1', 'producer-1'], clients: true })).toEqual([
      'redis-1.peers',
      'redis-1.clients',
      'redis-1.producer-1',
    ]);
  });

  test('kill and restart are lifted by themselves', () => {
    const liftAfter = (name: string, raw: object) => kind(name).liftAfterMs?.(kind(name).params.parse(raw));
    expect(liftAfter('kill', { kill: 'redis-1', restart: '3s' })).toBe(3000);
    expect(liftAfter('kill', { kill: 'redis-1' })).toBeUndefined();
    expect(liftAfter('restart', { restart: 'redis-1' })).toBe(0);
    expect(liftAfter('pause', { pause: 'redis-1' })).toBeUndefined();
    expect(liftAfter('flush', { flush: 'redis-1' })).toBe(0);
    expect(liftAfter('config', { config: 'redis-1', set: { maxmemory: '1mb' } })).toBeUndefined();
  });
});
