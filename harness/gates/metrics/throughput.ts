import { NS_PER_MS } from '../../clock.js';
import { latencyOf } from '../../ledger/latencies.js';
import { hashString, seededRandom } from '../../random.js';
import { blockBootstrap } from '../block-bootstrap.js';
import { DEFAULT_CONFIDENCE, type MeasureInput, type Measurement, type Metric } from '../metric.js';
import { eachOrdinal, lengthNs, rateSpans } from '../scope.js';

const GRACE_NS = 1e9;

export const THROUGHPUT_METRICS: readonly Metric[] = [
  {
    name: 'throughput',
    unit: 'per-sec',
    definition: 'messages intended in a phase and delivered by its end + 1 s, / its duration',
    example: 'throughput >= 10000/s during steady',
    family: 'rate',
    hasInterval: true,
    excusable: true,
    measure: (input) => measureRate(input, deliveredInPhase(input)),
  },
  {
    name: 'goodput',
    unit: 'per-sec',
    definition:
      'messages with latency.done within their deadline (load.message.deadline), per second of the time in which they were due',
    example: 'goodput >= 9900/s during steady',
    family: 'rate',
    hasInterval: true,
    excusable: true,
    refuse: ({ load }) =>
      load.message.deadlineMs === undefined
        ? 'its messages have no deadline; add one, such as load: { message: { deadline: 500ms } }'
        : undefined,
    measure: (input) => measureRate(input, doneInTime(input)),
  },
];

function deliveredInPhase({ run }: MeasureInput): (ordinal: number) => boolean {
  const { plan, startNs } = run.history;
  return (ordinal) => {
    const doneNs = (run.firstDoneNs[ordinal] as number) - startNs;
    const phaseEndNs = plan.phases[plan.phase[ordinal] as number]?.endNs ?? plan.endNs;
    return run.successes[ordinal] !== 0 && doneNs <= phaseEndNs + GRACE_NS;
  };
}

function doneInTime({ run, scenario }: MeasureInput): (ordinal: number) => boolean {
  const latency = latencyOf(run, 'done');
  const deadlineNs = (scenario.load.message.deadlineMs ?? 0) * NS_PER_MS;
  return (ordinal) => latency(ordinal) <= deadlineNs;
}

/** Messages that count, by the time in which they were due. */
function measureRate(
  { run, scenario, gate, without }: MeasureInput,
  counts: (ordinal: number) => boolean,
): Measurement {
  const { plan } = run.history;
  const spans = rateSpans(run, gate.scope, without);
  const seconds = new Map<number, { delivered: number; durationNs: number }>();
  for (const span of spans) {
    for (let fromNs = span.fromNs; fromNs < span.toNs; ) {
      const second = Math.floor(fromNs / 1e9);
      const toNs = Math.min(span.toNs, (second + 1) * 1e9);
      const block = seconds.get(second) ?? { delivered: 0, durationNs: 0 };
      block.durationNs += toNs - fromNs;
      seconds.set(second, block);
      fromNs = toNs;
    }
  }
  let samples = 0;
  let delivered = 0;
  eachOrdinal(run, spans, (ordinal) => {
    samples++;
    if (!counts(ordinal)) return;
    delivered++;
    const block = seconds.get(Math.floor((plan.intendedNs[ordinal] as number) / 1e9));
    if (block) block.delivered++;
  });
  const blocks = [...seconds.values()];
  const durationSec = lengthNs(spans) / 1e9;
  return {
    value: durationSec === 0 ? 0 : delivered / durationSec,
    samples,
    interval: blockBootstrap(
      blocks.length,
      gate.confidence ?? DEFAULT_CONFIDENCE,
      seededRandom(scenario.seed, `bootstrap ${hashString(gate.text)}`),
      (weights) => {
        let sum = 0;
        let durationNs = 0;
        for (let i = 0; i < blocks.length; i++) {
          sum += (weights[i] as number) * (blocks[i]?.delivered as number);
          durationNs += (weights[i] as number) * (blocks[i]?.durationNs as number);
        }
        return (sum / durationNs) * 1e9;
      },
    ),
  };
}
