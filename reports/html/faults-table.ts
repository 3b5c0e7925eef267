import { formatAt, formatMs } from '../format.js';
import type { FaultResult, Results } from '../results.js';
import { metricName } from './definitions.js';
import { html, type Markup } from './markup.js';

/** What was planned, what happened, and how the system came back. */
export function faultsTable(results: Results): Markup {
  if (results.faults.length === 0) return html`<p>The scenario has no faults.</p>`;
  return html`<div class="scroll" role="region" aria-label="Faults" tabindex="0"><table><thead><tr><th>fault</th><th class="num">planned</th><th class="num">injected</th><th class="num">lifted</th><th>took hold</th><th class="num">${metricName('recovery', results)}</th><th class="num">${metricName('unavailable', results)}</th><th>affected</th></tr></thead><tbody>
${results.faults.map(row)}
</tbody></table></div>`;
}

function row(fault: FaultResult): Markup {
  const { injectedMs, liftedMs } = fault;
  const held = fault.tookHold
    ? html`<span class="sign good" aria-hidden="true">✓</span> yes`
    : html`<span class="sign doubt" aria-hidden="true">?</span> no`;
  return html`<tr class="${fault.tookHold ? '' : 'attention'}"><td class="wide"><strong>${fault.id}</strong> <span class="muted">${fault.kind}</span><div>${fault.description}</div></td>
<td class="num">${formatAt(fault.plannedMs)}</td>
<td class="num">${injectedMs === null ? 'never' : [formatAt(injectedMs), html`<div class="muted">+${formatMs(injectedMs - fault.plannedMs)}</div>`]}</td>
<td class="num">${liftedMs === null ? (injectedMs === null ? '–' : 'never') : [formatAt(liftedMs), injectedMs !== null && html`<div class="muted">after ${formatMs(liftedMs - injectedMs)}</div>`]}</td>
<td>${held}<div class="muted">${fault.observed}</div></td>
<td class="num">${duration(fault.recoveryMs, fault)}</td><td class="num">${duration(fault.unavailableMs, fault)}</td>
<td>${fault.affected.join(', ')}</td></tr>`;
}

function duration(ms: number | null, { injectedMs }: FaultResult): string {
  return ms !== null ? formatMs(ms) : injectedMs === null ? '–' : 'not seen';
}
