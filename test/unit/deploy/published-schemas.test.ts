import { readdirSync, readFileSync } from 'node:fs';
import { ScaledObject } from '@kubernetes-models/keda/keda.sh/v1alpha1/ScaledObject';
import { Deployment } from 'kubernetes-models/apps/v1/Deployment';
import { HorizontalPodAutoscaler } from 'kubernetes-models/autoscaling/v2/HorizontalPodAutoscaler';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';

const FOLDER = new URL('../../../deploy/kubernetes/', import.meta.url);

/** With the schemas that Kubernetes and KEDA publish. They allow fields that nobody knows: kubernetes.test.ts does not. */
const MODELS: Readonly<Record<string, (manifest: object) => { validate(): void }>> = {
  Deployment: (manifest) => new Deployment(manifest as never),
  HorizontalPodAutoscaler: (manifest) => new HorizontalPodAutoscaler(manifest as never),
  ScaledObject: (manifest) => new ScaledObject(manifest as never),
};

const textOf = (file: string) => readFileSync(new URL(file, FOLDER), 'utf8');

function validate(text: string): void {
  const manifest = parse(text) as { readonly apiVersion: string; readonly kind: string };
  const model = MODELS[manifest.kind]!(manifest);
  expect(model).toMatchObject({ apiVersion: manifest.apiVersion, kind: manifest.kind });
  model.validate();
}

describe('the manifests', () => {
  it.each(readdirSync(FOLDER))('%s is as the published schema of its kind says', (file) => {
    validate(textOf(file));
  });

  it.each([
    ['deployment.yaml', 'containers:', 'container:'],
    ['deployment.yaml', 'matchLabels:\n      app: billing-consumer', 'matchLabels: billing-consumer'],
    ['horizontal-pod-autoscaler.yaml', 'maxReplicas: 16', 'mostReplicas: 16'],
    ['horizontal-pod-autoscaler.yaml', 'minReplicas: 1', 'minReplicas: one'],
    ['scaled-object-metrics-api.yaml', 'targetValue: "1"', 'targetValue: 1'],
    ['scaled-object-metrics-api.yaml', 'scaleTargetRef:', 'target:'],
    ['scaled-object-redis-streams.yaml', 'type: redis-streams', 'types: redis-streams'],
  ])('%s would be refused with another "%s"', (file, from, to) => {
    const broken = textOf(file).replace(from, to);
    expect(broken).not.toBe(textOf(file));
    expect(() => validate(broken)).toThrow(/data\/spec/);
  });
});
