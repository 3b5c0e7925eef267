import type { Results } from '../results.js';
import { type Content, html, type Markup } from './markup.js';

/** For documents that carry no definitions of their own. */
const BUILT_IN: Readonly<Record<string, string>> = {
  offered: 'Messages in the plan, without the withheld.',
  withheld: "A producer's unsent messages from the scenario's own kill of it until it is ready again.",
  unsent: 'The generator or a dead producer never handed the message over.',
  rejected:
    'Refused with an explicit reason (back-pressure, shed, rate limit, circuit open, too large): the sender knows.',
  indeterminate: 'Failed without saying whether it was stored, or without any outcome by the deadline.',
  accepted: 'Acknowledged to the sender.',
  availability: 'Accepted / offered.',
  delivered:
    'Accepted, and its handler finished successfully at least once; in % of accepted, without poison messages.',
  'dead-lettered': 'Accepted, never handled successfully, and set aside after the last attempt.',
  quarantined: 'Accepted, and set aside as poison so that it does not block others.',
  lost: 'Accepted, and neither delivered nor found by the inventory.',
  stranded: 'Accepted, undelivered, and in the log, pending, in retry or parked at the end of the drain.',
  unsettled: 'Delivered and still pending at the end.',
  duplicated: 'All extra successes.',
  'duplicated.unexcused':
    "Duplicates without those whose earlier handler's worker was killed, paused, stalled or cut off between that start and its settling horizon.",
  overlapped: 'Handlings of one key at the same time.',
  reordered: 'Per key and producer instance: order of hand-over against order of the end of the first success.',
  unexpected:
    'Handled, or found by the inventory, though never sent or rejected, or with another payload, key or id than was sent.',
  recovered: 'Indeterminate, and later delivered.',
  collateral: 'Healthy messages dead-lettered or quarantined without the configured number of failed handlings.',
  misjudged: 'Poison whose fate is not the one that its kind states.',
  contract: "A driver's contradictory outcomes.",
  unanswered: 'Outcomes that never came.',
  retries: 'Handler starts beyond the first.',
  amplification: 'Handler starts / distinct messages started.',
  crashed: 'Workers ended by an error of the driver, by a fatal signal, out of memory, or deaf for 10 s.',
  throughput: 'Messages intended in the phase and delivered by its end + 1 s, / its duration.',
  goodput: 'Messages done within their deadline, per second.',
  latency: 'Start of the first handling minus intended send time: no coordinated omission.',
  'latency.done': 'End of the first success minus intended send time.',
  'latency.publish': 'Acknowledgement minus intended send time.',
  recovery:
    'From a fault to the first of three consecutive 1 s windows in each of which at least 95 % of the messages intended there are done within the limit.',
  unavailable: 'The longest gap between first successes while messages were due, after a fault.',
  'instrument.lag': 'Sent minus intended send time, while the driver did not say that it would block.',
};

/** The name under which a metric is defined: `latency.p99` is `latency`. Undefined when nothing defines it. */
export function definitionOf(metric: string, results: Results): { name: string; text: string } | undefined {
  const all = definitions(results);
  const candidates = [
    metric,
    metric.replace(/\.p[\d.]+$/, '.p*'),
    metric.replace(/\.p[\d.*]+$|\.max$/, ''),
    metric.replace(/\.[^.]*$/, ''),
  ];
  const name = candidates.find((candidate) => Object.hasOwn(all, candidate));
  return name === undefined ? undefined : { name, text: all[name]! };
}

/** A metric's name, linked to its definition where there is one. */
export function metricName(metric: string, results: Results, label = metric): Content {
  const found = definitionOf(metric, results);
  return found === undefined
    ? label
    : html`<a class="def" href="#def-${found.name}" title="${found.text}">${label}</a>`;
}

export function definitionList(results: Results): Markup {
  const rows = Object.entries(definitions(results)).sort(([a], [b]) => (a < b ? -1 : 1));
  return html`<details><summary>${rows.length} metrics, exactly</summary><dl class="definitions">
${rows.map(([name, text]) => html`<div id="def-${name}"><dt><code>${name}</code></dt><dd>${text}</dd></div>`)}
</dl></details>`;
}

function definitions(results: Results): Record<string, string> {
  return { ...BUILT_IN, ...results.definitions };
}
