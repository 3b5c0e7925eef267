import { describe, expect, it } from 'vitest';
import { parseReferenceOptions } from '../../../../harness/drivers/reference-options.js';

describe("the reference driver's options", () => {
  it('have defaults', () => {
    expect(parseReferenceOptions({})).toMatchObject({
      partitions: 16,
      durability: 'leader',
      onReplicaLoss: 'survivors',
      ordering: 'key',
      maxAttempts: 5,
      balancing: {},
    });
    const balancing = { slack: 0.05, holdMs: 2_000 };
    expect(parseReferenceOptions({ balancing })).toMatchObject({ balancing });
    expect(parseReferenceOptions({ balancing: false })).toMatchObject({ balancing: false });
    expect(parseReferenceOptions({ autoscale: { drainMs: 5_000, targetUtilization: 0.5 } }).autoscale).toEqual({
      drainMs: 5_000,
      targetUtilization: 0.5,
    });
    expect(parseReferenceOptions({ partitions: 8, ordering: 'none' })).toMatchObject({
      partitions: 8,
      ordering: 'none',
    });
  });

  it('take what the health monitor takes', () => {
    const health = { healthPolicy: { slow: 'drain', stuck: 'replace' }, slowFactor: 2.5, drainMs: 60_000 };
    expect(parseReferenceOptions(health)).toMatchObject(health);
    expect(parseReferenceOptions({})).not.toHaveProperty('healthPolicy');
  });

  it.each([
    [{ healthPolicy: 'drain' }, 'healthPolicy "drain": a mapping such as { slow: drain, stuck: replace }'],
    [{ healthPolicy: { slo: 'drain' } }, 'healthPolicy.slo: there are slow, stuck, stalled, failing'],
    [{ healthPolicy: { slow: 'restart' } }, "healthPolicy.slow 'restart': 'warn', 'drain' or 'replace'"],
    [{ slowFactor: 1 }, 'slowFactor 1: a number of at least 1.5'],
    [{ stalledLoopMs: '1s' }, 'stalledLoopMs 1s: a number of at least 1'],
    [{ drainMS: 10 }, 'drainMS is unknown. Did you mean "drainMs"?'],
    [{ partition: 8 }, 'partition is unknown. Did you mean "partitions"?'],
    [{ durability: 'sure' }, 'durability "sure": one of leader, replicated, fsync'],
    [{ onReplicaLoss: 'panic' }, 'onReplicaLoss "panic": one of survivors, block, degrade'],
    [{ leaseRenewMs: 2_000 }, 'leaseRenewMs 2000, leaseStopMs 1400, leaseDurationMs 2000: each must be below the next'],
    [{ balancing: true }, 'balancing true: false, or a mapping with drainMs, slack, threshold, holdMs, coolDownMs'],
    [{ balancing: { holdsMs: 1 } }, 'balancing.holdsMs is unknown. Did you mean "holdMs"?'],
    [{ balancing: { slack: 0 } }, 'balancing.slack 0: a number above 0'],
    [{ balancing: { holdMs: '2s' } }, 'balancing.holdMs 2s: a number of at least 0'],
    [{ partitions: 0 }, 'partitions 0: a whole number of at least 1'],
    [{ ordering: 'strict', maxAttempts: '3' }, 'ordering "strict": one of key, none; maxAttempts "3": a whole number'],
    [{ autoscale: 4 }, 'autoscale 4: a mapping with targetUtilization, drainMs'],
    [{ autoscale: { max: 4 } }, 'autoscale.max is unknown'],
    [{ autoscale: { coolDown: 4 } }, 'autoscale.coolDown is unknown. Did you mean "coolDownMs"?'],
    [{ autoscale: { drainMs: 0 } }, 'autoscale.drainMs 0: a number above 0'],
  ])('%j is refused', (options, message) => {
    expect(() => parseReferenceOptions(options)).toThrow(message);
  });
});
