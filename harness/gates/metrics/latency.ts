import { type LatencyKind, latencyOf } from '../../ledger/latencies.js';
import { LatencyHistogram } from '../../ledger/latency-histogram.js';
import { hashString, seededRandom } from '../../random.js';
import { DEFAULT_CONFIDENCE, type MeasureInput, type Measurement, type Metric } from '../metric.js';
import { eachOrdinal, rateSpans } from '../scope.js';
import { SecondHistograms } from '../second-histograms.js';

const RANK = 'ceil(qN)-th value over N = accepted + indeterminate + unsent messages';
const DELIVERED = `${RANK} without poison, undelivered ones as infinite`;

interface LatencyFamily {
  readonly prefix: string;
  readonly kind: LatencyKind;
  readonly what: string;
  readonly excusable: boolean;
  readonly example: string;
}

const FAMILIES: readonly LatencyFamily[] = [
  {
    prefix: 'latency',
    kind: 'e2e',
    what: `START of the first handling minus intended send time; ${DELIVERED}`,
    excusable: true,
    example: 'latency.p99 < 10ms during steady',
  },
  {
    prefix: 'latency.done',
    kind: 'done',
    what: `END of the first successful handling minus intended send time; ${DELIVERED}`,
    excusable: true,
    example: 'latency.done.p99 < 25ms during steady',
  },
  {
    prefix: 'latency.publish',
    kind: 'publish',
    what: `acknowledgement minus intended send time; ${RANK}, unacknowledged ones as infinite`,
    excusable: true,
    example: 'latency.publish.p99 < 10ms during steady',
  },
  {
    prefix: 'instrument.lag',
    kind: 'lag',
    what: 'SENT minus intended send time, while the driver did not say that it would block; ceil(qN)-th value over the messages sent',
    excusable: false,
    example: 'instrument.lag.p99 < 2ms',
  },
];

/** One entry for any percentile of a family, and one for its maximum. */
export const LATENCY_METRICS: readonly Metric[] = FAMILIES.flatMap((family) => [
  { ...quantileMetric(family, `${family.prefix}.p*`, 0.99) },
  { ...quantileMetric(family, `${family.prefix}.max`, 1), example: family.example.replace(/p99/, 'max') },
]);

/** `latency.p99.9`: any percentile above 0 and below 100. */
export function latencyPercentile(name: string): Metric | undefined {
  const match = /^(.+)\.p(\d{1,2}(?:\.\d{1,6})?)$/.exec(name);
  const family = FAMILIES.find(({ prefix }) => prefix === match?.[1]);
  const percentile = Number(match?.[2]);
  if (!family || !(percentile > 0)) return undefined;
  return quantileMetric(family, name, percentile / 100);
}

function quantileMetric(family: LatencyFamily, name: string, q: number): Metric {
  return {
    name,
    unit: 'ms',
    definition: family.what,
    example: family.example,
    family: 'rate',
    hasInterval: true,
    excusable: family.excusable,
    measure: (input) => measureQuantile(input, family.kind, q),
  };
}

function measureQuantile({ run, scenario, gate, without }: MeasureInput, kind: LatencyKind, q: number): Measurement {
  const latency = latencyOf(run, kind);
  const histogram = new LatencyHistogram();
  const seconds = new SecondHistograms(run.history.plan.endNs);
  eachOrdinal(run, rateSpans(run, gate.scope, without), (ordinal) => {
    const ns = latency(ordinal);
    if (Number.isNaN(ns)) return;
    histogram.recordNs(ns);
    seconds.recordNs(run.history.plan.intendedNs[ordinal] as number, ns);
  });
  if (histogram.count === 0) return { value: 0, samples: 0, interval: undefined };
  const random = seededRandom(scenario.seed, `bootstrap ${hashString(gate.text)}`);
  const { infinite } = histogram;
  return {
    value: histogram.quantileMs(q),
    samples: histogram.count,
    interval: seconds.quantileBoundsMs(q, gate.confidence ?? DEFAULT_CONFIDENCE, random),
    ...(infinite > 0 && { note: `${infinite} of ${histogram.count} messages count as infinite: they never got there` }),
  };
}
