import { formatLatency, formatMs } from '../format.js';
import { type CurvePoint, percentileCurve, quantileMs } from '../hdr.js';
import type { LatencyResult, Results } from '../results.js';
import { type Content, html, type Markup } from './markup.js';
import { linePath, logScale, round } from './scale.js';

const WIDTH = 1080;
const HEIGHT = 340;
const LEFT = 68;
const RIGHT = 176;
const BOTTOM = 40;
const TOP = 14;
const MAX_CURVES = 6;
const QUANTILES = [0.5, 0.9, 0.99, 0.999, 0.9999] as const;

interface Curve {
  readonly name: string;
  readonly points: readonly CurvePoint[];
}

/** Latency by number of nines, phases overlaid, and the same figures as a table. */
export function percentiles(results: Results): Markup {
  const phases = results.phases.slice(0, MAX_CURVES);
  const curves = phases.map((phase) => ({
    name: phase.measure ? phase.name : `${phase.name} (not measured)`,
    points: percentileCurve(phase.e2e),
  }));
  return html`<div class="chart" role="region" aria-label="Percentile curve" tabindex="0">${curveChart(results, curves)}</div>
${results.phases.length > phases.length && html`<p class="note">The first ${MAX_CURVES} of ${results.phases.length} phases are drawn; the table has all.</p>`}
${percentileTable(results)}`;
}

function curveChart(results: Results, curves: readonly Curve[]): Markup {
  const values = curves.flatMap(({ points }) => points.flatMap(({ ms }) => (ms !== null && ms > 0 ? [ms] : [])));
  const limits = results.gates.flatMap((gate) => {
    const percentile = /^latency\.p([\d.]+)$/.exec(gate.metric)?.[1];
    if (percentile === undefined || gate.unit !== 'ms') return [];
    const digits = percentile.replace('.', '');
    const q = Number(percentile) <= 100 && percentile.length <= 2 ? Number(percentile) / 100 : Number(`0.${digits}`);
    return q < 1 ? [{ nines: -Math.log10(1 - q), ms: gate.limit, label: gate.expression }] : [];
  });
  if (values.length === 0) return html`<p>No message was delivered: there is no curve.</p>`;
  const last = Math.max(2, ...curves.flatMap(({ points }) => points.map(({ nines }) => nines)));
  const x = (nines: number) => LEFT + (nines / last) * (WIDTH - LEFT - RIGHT);
  const all = [...values, ...limits.map(({ ms }) => ms)];
  const min = all.reduce((low, value) => Math.min(low, value));
  const max = all.reduce((top, value) => Math.max(top, value));
  const y = logScale(min, max, HEIGHT - BOTTOM, TOP);
  const labels = spread(curves.map(({ points }) => endY(points, y)));
  return html`<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" role="img" aria-label="End-to-end latency by percentile for ${curves.length} phases; the table below has the figures.">
${y.ticks.map((value) => html`<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${round(y(value))}" y2="${round(y(value))}"/><text class="tick" x="${LEFT - 8}" y="${round(y(value)) + 4}" text-anchor="end">${value >= 1000 ? `${value / 1000} s` : `${Number(value.toPrecision(3))} ms`}</text>`)}
${xTicks(last).map(({ nines, label }) => html`<line class="grid" x1="${round(x(nines))}" x2="${round(x(nines))}" y1="${TOP}" y2="${HEIGHT - BOTTOM}"/><text class="tick" x="${round(x(nines))}" y="${HEIGHT - BOTTOM + 17}" text-anchor="middle">${label}</text>`)}
<text class="tick" x="${(LEFT + WIDTH - RIGHT) / 2}" y="${HEIGHT - 4}" text-anchor="middle">percentile of messages, spaced by number of nines</text>
${curves.map(({ name, points }, i) => {
  const finite = points.map(({ ms }) => (ms === null ? null : y(ms)));
  const open = points.findIndex(({ ms }) => ms === null);
  const rise =
    open > 0
      ? `M${round(x(points[open - 1]!.nines))} ${round(finite[open - 1]!)}L${round(x(points[open]!.nines))} ${TOP}`
      : '';
  return html`<g class="curve c${i}"><path class="line" d="${linePath(
    points.map((point) => x(point.nines)),
    finite,
  )}${rise}"/>
${points.length > 0 && html`<text x="${WIDTH - RIGHT + 8}" y="${round(labels[i]! + 4)}">${short(name)}${open === -1 ? '' : ' → ∞'}</text>`}</g>`;
})}
${limits.map(({ nines, ms, label }) => {
  const at = round(x(Math.min(nines, last)));
  const end = nines / last > 0.55;
  return html`<g class="limit"><title>${label}</title><line x1="${LEFT}" x2="${at}" y1="${round(y(ms))}" y2="${round(y(ms))}"/><path d="M${at} ${round(y(ms)) - 5}v10" /><text x="${end ? LEFT + 6 : at + 6}" y="${round(y(ms)) - 5}">${label}</text></g>`;
})}
</svg>`;
}

function percentileTable(results: Results): Markup {
  const rows: [string, string, LatencyResult][] = [
    ...results.phases.map((phase): [string, string, LatencyResult] => [phase.name, 'end to end', phase.e2e]),
    ['all measured', 'end to end', results.overall.e2e],
    ['all measured', 'handled', results.overall.done],
    ['all measured', 'publish', results.overall.publish],
    ['all measured', 'uncorrected', results.overall.uncorrected],
  ];
  const head = QUANTILES.map((q) => html`<th class="num">p${Number((q * 100).toFixed(4))}</th>`);
  return html`<div class="scroll" role="region" aria-label="Percentiles" tabindex="0"><table><thead><tr><th>phase</th><th>latency</th><th class="num">messages</th>${head}<th class="num">max</th></tr></thead><tbody>
${rows.map(([phase, kind, latency]) => html`<tr><td>${phase}</td><td>${kindLink(kind)}</td><td class="num">${(latency.summary.count + latency.undelivered).toLocaleString('en-US')}</td>${figures(latency)}</tr>`)}
</tbody></table></div>
<p class="note">Latency counts from the intended send time, so a stalled sender counts too. <em>Uncorrected</em> counts from the actual sending: what a tool that overlooks coordinated omission would show. ∞: the message was never delivered.</p>`;
}

function figures(latency: LatencyResult): Content {
  const total = latency.summary.count + latency.undelivered;
  const cells = QUANTILES.map((q) => {
    const ms = quantileMs(latency, q);
    return html`<td class="num">${ms === undefined ? '–' : formatLatency(ms, total)}</td>`;
  });
  const max = latency.undelivered > 0 ? '∞' : latency.summary.max === null ? '–' : formatMs(latency.summary.max);
  return [cells, html`<td class="num">${max}</td>`];
}

function kindLink(kind: string): Content {
  const target = { 'end to end': 'latency', handled: 'latency.done', publish: 'latency.publish' }[kind];
  return target === undefined ? kind : html`<a class="def" href="#def-${target}">${kind}</a>`;
}

function xTicks(last: number): { nines: number; label: string }[] {
  const ticks = [
    { nines: 0, label: '0' },
    { nines: -Math.log10(0.5), label: '50 %' },
  ];
  for (let nines = 1; nines <= last; nines++) {
    ticks.push({ nines, label: nines === 1 ? '90 %' : nines === 2 ? '99 %' : `99.${'9'.repeat(nines - 2)} %` });
  }
  return ticks;
}

function endY(points: readonly CurvePoint[], y: (value: number) => number): number {
  const end = points.at(-1);
  return end === undefined || end.ms === null ? TOP : y(end.ms);
}

/** Moves labels apart, top to bottom, so that none covers another. */
function spread(ys: readonly number[]): number[] {
  const order = ys.map((y, i) => ({ y, i })).sort((a, b) => a.y - b.y);
  const placed = [...ys];
  let free = Number.NEGATIVE_INFINITY;
  for (const { y, i } of order) {
    placed[i] = Math.max(y, free);
    free = placed[i]! + 15;
  }
  return placed;
}

function short(name: string): string {
  return name.length > 22 ? `${name.slice(0, 21)}…` : name;
}
