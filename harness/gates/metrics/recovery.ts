import type { Metric } from '../metric.js';
import { recoveryAfter } from '../recovery.js';
import { recoveryLimit } from '../recovery-limit.js';
import { episodesOf } from '../scope.js';
import { unavailableAfterMs } from '../unavailability.js';

/** What a fault did to the system's speed. Of a repeated fault the worst injection counts. */
export const RECOVERY_METRICS: readonly Metric[] = [
  {
    name: 'recovery',
    unit: 'ms',
    definition:
      'from the injection (after FAULT) or the lifting (after FAULT lifted) to the start of the first of three consecutive 1 s windows in each of which >= 95 % of the messages intended there have latency.done within the limit; below 100 messages a window is longer; poison is left out; never recovered fails. The limit is that of a latency gate with < or <=, else max(2 x p99, 10 ms) of the first measured phase before any fault. Of several gates: latency.done before latency (latency.publish never), then those outside faults or during phases before any fault, then the highest percentile up to p99, then the lowest above it',
    example: 'recovery < 5s after master-dies',
    family: 'rate',
    scopes: ['after'],
    hasInterval: false,
    excusable: true,
    refuse: refuseWithoutFaults,
    measure: ({ run, scenario, gate, without }) => {
      const episodes = gate.scope.kind === 'after' ? episodesOf(run, gate.scope) : [];
      const limit = recoveryLimit(run, scenario);
      const recoveries = episodes.map((fromNs) => recoveryAfter(run, fromNs, limit.ms, without));
      return {
        value: Math.max(0, ...recoveries.map(({ afterMs }) => afterMs)),
        samples: recoveries.reduce((sum, { windows }) => sum + windows, 0),
        interval: undefined,
        note: `recovered means done within ${limit.ms.toPrecision(4)} ms${limit.gate ? `, as in ${limit.gate.text}` : ''}`,
      };
    },
  },
  {
    name: 'unavailable',
    unit: 'ms',
    definition:
      'the longest gap between first successes while messages were due, from the injection (after FAULT) or the lifting (after FAULT lifted) to the end of the load; poison is left out',
    example: 'unavailable < 2s after master-dies',
    family: 'rate',
    scopes: ['after'],
    hasInterval: false,
    excusable: false,
    refuse: refuseWithoutFaults,
    measure: ({ run, gate }) => {
      const episodes = gate.scope.kind === 'after' ? episodesOf(run, gate.scope) : [];
      return {
        value: Math.max(0, ...episodes.map((fromNs) => unavailableAfterMs(run, fromNs))),
        samples: episodes.length,
        interval: undefined,
      };
    },
  },
];

function refuseWithoutFaults(scenario: { readonly faults: readonly unknown[] }): string | undefined {
  return scenario.faults.length === 0 ? 'it has no faults' : undefined;
}
