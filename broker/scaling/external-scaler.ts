import { type Clock, systemClock } from '../clock.js';
import type { Scaler } from './scaler.js';

/** What KEDA's metrics-api scaler reads as JSON: `valueLocation: desiredMembers` with `targetValue: "1"`. */
export interface ScalingFigure {
  readonly desiredMembers: number;
  readonly reason: string;
  /** ISO 8601; null while nothing was decided. */
  readonly decidedAt: string | null;
}

/** What a Kubernetes HPA reads of the external metrics API: a list with one value. */
export interface ExternalMetricValueList {
  readonly kind: 'ExternalMetricValueList';
  readonly apiVersion: 'external.metrics.k8s.io/v1beta1';
  readonly metadata: Readonly<Record<string, never>>;
  readonly items: readonly {
    readonly metricName: string;
    readonly metricLabels: Readonly<Record<string, string>>;
    readonly timestamp: string;
    /** A Kubernetes quantity. */
    readonly value: string;
  }[];
}

/** For members that something else starts and ends: it keeps the figure that the other one asks for. */
export class ExternalScaler implements Scaler {
  readonly #clock: Pick<Clock, 'wallMs'>;
  #figure: ScalingFigure = { desiredMembers: 0, reason: 'nothing was decided yet', decidedAt: null };

  constructor(options: { readonly clock?: Pick<Clock, 'wallMs'> } = {}) {
    this.#clock = options.clock ?? systemClock;
  }

  async scaleTo(members: number, reason: string): Promise<void> {
    this.#figure = { desiredMembers: members, reason, decidedAt: this.#now() };
  }

  /** For KEDA's metrics-api scaler. */
  figure(): ScalingFigure {
    return this.#figure;
  }

  /** For the Kubernetes HPA, with a target of `averageValue: "1"`. Empty while nothing was decided: the HPA changes nothing. */
  externalMetrics(metricName: string, metricLabels: Readonly<Record<string, string>> = {}): ExternalMetricValueList {
    const { desiredMembers, decidedAt } = this.#figure;
    const item = { metricName, metricLabels, timestamp: this.#now(), value: String(desiredMembers) };
    return {
      kind: 'ExternalMetricValueList',
      apiVersion: 'external.metrics.k8s.io/v1beta1',
      metadata: {},
      items: decidedAt === null ? [] : [item],
    };
  }

  /** RFC 3339 in whole seconds, as metav1.Time has it. */
  #now(): string {
    return `${new Date(this.#clock.wallMs()).toISOString().slice(0, 19)}Z`;
  }
}
