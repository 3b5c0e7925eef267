import {
  formatCount,
  formatLatency,
  formatLimit,
  formatMargin,
  formatMs,
  formatObserved,
  formatRate,
  formatShare,
} from '../format.js';
import { ledgerCount } from '../ledger-counts.js';
import type { GateResult, Results } from '../results.js';
import { throughput } from '../throughput.js';
import { metricName } from './definitions.js';
import { type Content, html, type Markup } from './markup.js';
import { verdictClass, verdictSign } from './verdict.js';

const SEVERITY = { fail: 2, inconclusive: 1, pass: 0 } as const;

/** The figures that matter, each with the limit and margin of its gate. */
export function keyFigures(results: Results): Markup {
  const { e2e } = results.overall;
  const delivered = ledgerCount(results, 'delivered');
  const lost = ledgerCount(results, 'lost');
  const lag = results.instrument.lag;
  const share = delivered?.share ?? null;
  return html`<div class="figures">
${figure('Delivered', 'delivered', share === null ? formatCount(delivered?.value ?? 0) : formatShare(share), share === null ? 'messages' : `${formatCount(delivered!.value)} messages`)}
${figure('Lost', 'lost', lost === undefined ? '–' : formatCount(lost.value), lost?.share == null ? '' : `${formatShare(lost.share)} of accepted`)}
${figure('p99 latency', 'latency.p99', formatLatency(e2e.summary.p99, e2e.summary.count + e2e.undelivered), `p50 ${formatLatency(e2e.summary.p50, e2e.summary.count + e2e.undelivered)} · max ${e2e.undelivered > 0 ? '∞' : formatLatency(e2e.summary.max, e2e.summary.count)}`)}
${figure('Throughput', 'throughput', formatRate(throughput(results)), 'delivered, measured phases')}
${figure('Generator lag p99', 'instrument.lag', formatLatency(lag.summary.p99, lag.summary.count), `max ${lag.summary.max === null ? '–' : formatMs(lag.summary.max)} · of the instrument`)}
</div>`;

  function figure(label: string, metric: string, overall: string, detail: string): Markup {
    const gate = worstGate(results.gates, metric);
    const [value, below] = gate?.scope.startsWith('during')
      ? [formatObserved(gate), `${gate.scope} · overall ${overall}`]
      : [overall, detail];
    return html`<div class="figure ${gate && verdictClass(gate.verdict)}"><div class="label">${metricName(metric, results, label)}</div>
<div class="value">${value}</div><div class="detail">${below}</div>${gateLine(gate)}</div>`;
  }
}

function gateLine(gate: GateResult | undefined): Content {
  if (gate === undefined) return html`<div class="gate none">no gate</div>`;
  return html`<div class="gate"><span class="sign" aria-label="${gate.verdict}">${verdictSign(gate.verdict)}</span> limit ${formatLimit(gate)} · ${formatMargin(gate)}</div>`;
}

function worstGate(gates: readonly GateResult[], metric: string): GateResult | undefined {
  const own = gates.filter((gate) => gate.metric === metric || gate.metric.startsWith(`${metric}.`));
  return own.sort((a, b) => SEVERITY[b.verdict] - SEVERITY[a.verdict])[0];
}
