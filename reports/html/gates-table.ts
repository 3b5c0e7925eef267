import {
  formatBound,
  formatCount,
  formatInterval,
  formatLimit,
  formatMargin,
  formatMedian,
  formatObserved,
} from '../format.js';
import type { GateResult, Results } from '../results.js';
import { metricName } from './definitions.js';
import { type Content, html, type Markup } from './markup.js';
import { verdictBadge } from './verdict.js';

const ORDER = { fail: 0, inconclusive: 1, pass: 2 } as const;

/** Every gate: what did not pass first, then as written, implicit ones last. */
export function gatesTable(results: Results): Markup {
  const rows = results.gates
    .map((gate, i) => ({ gate, i }))
    .sort(
      (a, b) =>
        ORDER[a.gate.verdict] - ORDER[b.gate.verdict] || Number(a.gate.implicit) - Number(b.gate.implicit) || a.i - b.i,
    );
  const repeated = results.gates.some((gate) => gate.repeats.length > 1);
  return html`<div class="scroll" role="region" aria-label="Gates" tabindex="0"><table><thead><tr><th>verdict</th><th>gate</th><th class="num">observed</th><th class="num">limit</th><th class="num">margin</th><th class="num">interval</th><th class="num">samples</th>${repeated && html`<th class="num">all runs</th>`}</tr></thead><tbody>
${rows.map(({ gate }) => row(gate, results, repeated))}
</tbody></table></div>
<p class="note">Decided on the observed value, unless the gate says <code>with confidence</code>; the interval says how sure it is. ${metricHint(results)}</p>${leftOut(results)}`;
}

/** What was not judged must not look as if it had passed. */
function leftOut({ gatesLeftOut = [] }: Results): Content {
  return gatesLeftOut.map(
    ({ expression, reason }) => html`<p class="note">Left out: <code>${expression}</code>. ${reason}.</p>`,
  );
}

function row(gate: GateResult, results: Results, repeated: boolean): Markup {
  return html`<tr class="${gate.verdict === 'pass' ? '' : `attention ${gate.verdict}`}"><td>${verdictBadge(gate.verdict)}</td>
<td class="wide"><code>${expression(gate, results)}</code>${gate.implicit && html` <span class="muted">implicit</span>`}<div class="muted">${gate.scope}</div>${gate.note && html`<div>${gate.note}</div>`}</td>
<td class="num">${formatObserved(gate)}</td><td class="num">${formatLimit(gate)}</td><td class="num">${formatMargin(gate)}</td><td class="num">${formatInterval(gate)}${gate.interval && html`<div class="muted">at ${Number((gate.confidence * 100).toFixed(2))} %</div>`}</td><td class="num">${formatCount(gate.samples)}</td>${repeated && html`<td class="num">${repeats(gate)}</td>`}</tr>`;
}

function expression(gate: GateResult, results: Results): Content {
  if (!gate.expression.startsWith(gate.metric)) return gate.expression;
  return [metricName(gate.metric, results), gate.expression.slice(gate.metric.length)];
}

/** The values of all runs; their median with its interval where they were one suite's. */
export function repeats(gate: GateResult): Content {
  const values = gate.repeats.map((value) => formatBound(value, gate)).join(', ');
  if (gate.overRuns === undefined) return values;
  const { passed, runs, confidence } = gate.overRuns;
  return html`${values}<div class="muted">median ${formatMedian(gate.overRuns, gate)} (at ${Number((confidence * 100).toFixed(1))} %); ${passed} of ${runs} passed</div>`;
}

function metricHint({ gates }: Results): Content {
  const implicit = gates.filter((gate) => gate.implicit).length;
  return (
    implicit > 0 && `${implicit} of ${gates.length} gates are implicit: every scenario has them unless it sets its own.`
  );
}
