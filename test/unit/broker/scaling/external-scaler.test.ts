import { describe, expect, it } from 'vitest';
import { ExternalScaler } from '../../../../broker/index.js';

const clock = { wallMs: () => Date.UTC(2026, 0, 2, 3, 4, 5, 678) };

describe('the figure for an external scaler', () => {
  it('is what was decided last, as KEDA reads it', async () => {
    const scaler = new ExternalScaler({ clock });
    expect(scaler.figure()).toMatchObject({ desiredMembers: 0, decidedAt: null });
    await scaler.scaleTo(3, 'load');
    expect(JSON.parse(JSON.stringify(scaler.figure()))).toEqual({
      desiredMembers: 3,
      reason: 'load',
      decidedAt: '2026-01-02T03:04:05Z',
    });
  });

  it('is a list of external metrics, as the HPA reads it, empty before the first decision', async () => {
    const scaler = new ExternalScaler({ clock });
    expect(scaler.externalMetrics('desired-members').items).toEqual([]);
    await scaler.scaleTo(4, 'load');
    expect(scaler.externalMetrics('desired-members', { group: 'billing' })).toEqual({
      kind: 'ExternalMetricValueList',
      apiVersion: 'external.metrics.k8s.io/v1beta1',
      metadata: {},
      items: [
        {
          metricName: 'desired-members',
          metricLabels: { group: 'billing' },
          timestamp: '2026-01-02T03:04:05Z',
          value: '4',
        },
      ],
    });
  });
});
