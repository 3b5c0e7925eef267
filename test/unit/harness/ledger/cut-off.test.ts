import { describe, expect, it } from 'vitest';
import { cutOffIncidents } from '../../../../harness/ledger/cut-off.js';
import type { LedgerFile } from '../../../../harness/ledger/history.js';
import type { FaultSpec, Topology } from '../../../../harness/scenario/scenario.js';
import { faultAt } from '../../../fixtures/gate-run.js';
import { START_NS } from '../../../fixtures/ledger-builder.js';

const files = (['producer', 'consumer', 'consumer'] as const).map(
  (role, i): LedgerFile => ({ path: '', role, worker: i, incarnation: 0, killedNs: undefined }),
);

const scenario = (spec: FaultSpec, topology: Topology = 'replicated') => ({
  faults: [spec],
  environment: { redis: { topology, replicas: 1, config: {} } },
});

function incidents(kind: string, params: FaultSpec['params'], topology?: Topology) {
  const spec: FaultSpec = { id: 'it', kind, params, at: { after: 'start', offsetMs: 0 } };
  const faults = [faultAt('it', 1000, 2000), faultAt('it#2', 3000)];
  return cutOffIncidents(faults, scenario(spec, topology), files, START_NS + 9e9);
}

describe('cutOffIncidents', () => {
  it("cuts every consumer off when the clients' link or the server is gone", () => {
    for (const [kind, params] of [
      ['down', { down: 'redis-master.clients' }],
      ['timeout', { timeout: 0, link: 'redis-1.clients', direction: 'both' }],
      ['pause', { pause: 'redis-master' }],
      ['flush', { flush: 'redis-master' }],
    ] as const) {
      expect(incidents(kind, params).map(({ worker, fromNs, untilNs }) => [worker, fromNs, untilNs])).toEqual([
        [1, START_NS + 1e9, START_NS + 2e9],
        [2, START_NS + 1e9, START_NS + 2e9],
        [1, START_NS + 3e9, START_NS + 9e9],
        [2, START_NS + 3e9, START_NS + 9e9],
      ]);
    }
  });

  it('excuses nothing for slowness, links between servers, or what has incidents of its own', () => {
    expect(incidents('latency', { latency: 20, link: 'redis-master.clients', direction: 'both' })).toEqual([]);
    expect(incidents('down', { down: 'redis-1.peers' })).toEqual([]);
    expect(incidents('kill', { kill: 'consumer-1' })).toEqual([]);
    expect(incidents('unknown', {})).toEqual([]);
    const never = { ...faultAt('it', 0), injectedNs: undefined };
    const spec: FaultSpec = {
      id: 'it',
      kind: 'down',
      params: { down: 'redis-1.clients' },
      at: { after: 'start', offsetMs: 0 },
    };
    expect(cutOffIncidents([never], scenario(spec), files, 0)).toEqual([]);
  });

  it('cuts off those whose master is cut off where another takes over, and only the worker whose own link is cut', () => {
    const workers = (...args: Parameters<typeof incidents>) => new Set(incidents(...args).map(({ worker }) => worker));
    const partition = { partition: ['redis-master', 'sentinel-1'], clients: false, silent: true };
    expect(workers('partition', partition, 'sentinel')).toEqual(new Set([1, 2]));
    expect(workers('down', { down: 'redis-1.peers' }, 'cluster')).toEqual(new Set([1, 2]));
    expect(workers('partition', partition)).toEqual(new Set());
    expect(workers('down', { down: 'redis-1.consumer-2' })).toEqual(new Set([1]));
    expect(workers('down', { down: 'sentinel-1.clients' }, 'sentinel')).toEqual(new Set());
    expect(workers('kill', { kill: 'sentinel-1' }, 'sentinel')).toEqual(new Set());
  });
});
