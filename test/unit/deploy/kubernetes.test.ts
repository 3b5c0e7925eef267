import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { z } from 'zod';
import { ExternalScaler } from '../../../broker/index.js';
import { partitionKeys } from '../../../broker/log/keys.js';
import {
  deployment,
  externalMetricValueList,
  horizontalPodAutoscaler,
  scaledObject,
} from '../../fixtures/kubernetes-schemas.js';

const FOLDER = new URL('../../../deploy/kubernetes/', import.meta.url);

const SCHEMAS: Readonly<Record<string, z.ZodType>> = {
  'deployment.yaml': deployment,
  'horizontal-pod-autoscaler.yaml': horizontalPodAutoscaler,
  'scaled-object-metrics-api.yaml': scaledObject,
  'scaled-object-redis-streams.yaml': scaledObject,
};

const textOf = (file: string) => readFileSync(new URL(file, FOLDER), 'utf8');
const manifest = <T extends z.ZodType>(file: string, schema: T): z.infer<T> => schema.parse(parse(textOf(file)));

describe('the manifests', () => {
  it('each have a schema', () => {
    expect(readdirSync(FOLDER).toSorted()).toEqual(Object.keys(SCHEMAS));
  });

  it.each(Object.entries(SCHEMAS))('%s is as its schema says', (file, schema) => {
    expect(() => manifest(file, schema)).not.toThrow();
  });

  it.each([
    ['deployment.yaml', 'matchLabels:\n      app: billing-consumer', 'matchLabels:\n      app: another'],
    ['deployment.yaml', 'containers:', 'container:'],
    ['deployment.yaml', 'memory: 256Mi', 'memory: 256 MB'],
    ['horizontal-pod-autoscaler.yaml', 'averageValue: "1"', 'value: "1"'],
    ['horizontal-pod-autoscaler.yaml', 'minReplicas: 1', 'minReplicas: 17'],
    ['scaled-object-metrics-api.yaml', 'targetValue: "1"', 'targetValue: 1'],
    ['scaled-object-metrics-api.yaml', 'minReplicaCount: 1', 'minReplicaCount: 17'],
    ['scaled-object-redis-streams.yaml', 'consumerGroup: billing', 'group: billing'],
    ['scaled-object-redis-streams.yaml', 'name: p3', 'name: p4'],
  ])('%s would be refused with another "%s"', (file, from, to) => {
    const broken = textOf(file).replace(from, to);
    expect(broken).not.toBe(textOf(file));
    expect(SCHEMAS[file]!.safeParse(parse(broken)).success).toBe(false);
  });

  it('scale the deployment that there is', () => {
    const { name } = manifest('deployment.yaml', deployment).metadata;
    expect(manifest('horizontal-pod-autoscaler.yaml', horizontalPodAutoscaler).spec.scaleTargetRef.name).toBe(name);
    for (const file of ['scaled-object-metrics-api.yaml', 'scaled-object-redis-streams.yaml']) {
      expect(manifest(file, scaledObject).spec.scaleTargetRef.name).toBe(name);
    }
  });

  it('read the streams and the group that the broker shows, one of each partition', () => {
    const { triggers, maxReplicaCount } = manifest('scaled-object-redis-streams.yaml', scaledObject).spec;
    const { env = [] } = manifest('deployment.yaml', deployment).spec.template.spec.containers[0]!;
    const variable = (name: string) => env.find((one) => one.name === name)!.value;
    expect(triggers).toHaveLength(maxReplicaCount!);
    for (const [partition, { metadata }] of triggers.entries()) {
      expect(metadata).toMatchObject({
        stream: partitionKeys(variable('TOPIC'), partition).log,
        consumerGroup: variable('GROUP'),
      });
    }
  });

  it('read the figures of the external scaler', async () => {
    const scaler = new ExternalScaler();
    await scaler.scaleTo(3, 'load');
    const [trigger] = manifest('scaled-object-metrics-api.yaml', scaledObject).spec.triggers;
    if (trigger?.type !== 'metrics-api') throw new Error('not a metrics-api trigger');
    expect(scaler.figure()).toHaveProperty(trigger.metadata.valueLocation, 3);
    const { metrics } = manifest('horizontal-pod-autoscaler.yaml', horizontalPodAutoscaler).spec;
    const { name, selector } = metrics[0]!.external.metric;
    const list = externalMetricValueList.parse(scaler.externalMetrics(name, selector!.matchLabels));
    expect(list.items).toEqual([expect.objectContaining({ metricName: name, value: '3' })]);
  });
});
