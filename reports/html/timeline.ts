import { formatAt, formatMs, formatRate } from '../format.js';
import type { Results } from '../results.js';
import { type Content, embeddedJson, html, type Markup } from './markup.js';
import { linearScale, linePath, logScale, round, type Scale } from './scale.js';
import { headOf, LEFT, lineLegend, timeAxis, timeScale, valueAxis, WIDTH } from './time-axis.js';
import { type Limit, type TimelineData, timelineData } from './timeline-data.js';

const THROUGHPUT_HEIGHT = 150;
const LATENCY_HEIGHT = 190;
const GAP = 30;
/** Columns of the static picture, and of the interactive one: ten minutes in full. */
const STATIC_POINTS = 400;
const INTERACTIVE_POINTS = 6000;

/** The timeline: a static picture that needs no script, and the data from which the script draws a live one. */
export function timeline(results: Results): Markup {
  const data = timelineData(results, INTERACTIVE_POINTS);
  const note =
    data.stepMs > results.series.intervalMs
      ? html`<p class="note">Each point stands for ${formatMs(data.stepMs)}: rates are means, latencies the highest of its intervals.</p>`
      : null;
  return html`
<div class="chart static" role="region" aria-label="Timeline, as a picture" tabindex="0">${staticTimeline(timelineData(results, STATIC_POINTS))}</div>
<div class="interactive" id="live-timeline" hidden></div>
<script type="application/json" id="timeline-data">${embeddedJson(data)}</script>
${note}${eventList(results)}`;
}

/** Throughput and latency over one time axis with phases, faults, events and limits, as SVG. */
export function staticTimeline(data: TimelineData): Markup {
  const x = timeScale(data.spanMs);
  const head = headOf(data, x);
  const { top } = head;
  const middle = top + THROUGHPUT_HEIGHT + GAP;
  const bottom = middle + LATENCY_HEIGHT;
  const rates = [...data.offered, ...data.delivered, ...data.limits.throughput.map((limit) => limit.value)];
  const latencies = [...data.p50, ...data.p99, ...data.max, ...data.limits.latency.map((limit) => limit.value)].filter(
    (value): value is number => value !== null && value > 0,
  );
  const rateScale = linearScale(largest(rates), top + THROUGHPUT_HEIGHT, top);
  const latencyScale = logScale(smallest(latencies), largest(latencies), bottom, middle);
  const xs = data.atMs.map((ms) => x(ms + data.stepMs / 2));
  const line = (column: readonly (number | null)[], scale: Scale, kind: string) => {
    const ys = column.map((value) => (value === null ? null : scale(value)));
    return html`<path class="line ${kind}" d="${linePath(xs, ys)}"/>`;
  };
  return html`<svg viewBox="0 0 ${WIDTH} ${bottom + 46}" width="${WIDTH}" role="img" aria-label="${summary(data)}">
${head.draw(bottom)}
${valueAxis(rateScale, formatRate)}${valueAxis(latencyScale, formatTick)}
<text class="title" x="${LEFT}" y="${top - 5}">Throughput</text>
<text class="title" x="${LEFT}" y="${middle - 7}">End-to-end latency (log)</text>
${line(data.offered, rateScale, 'offered')}${line(data.delivered, rateScale, 'main')}
${data.rejected.some((value) => value > 0) && line(data.rejected, rateScale, 'bad')}
${line(data.max, latencyScale, 'max')}${line(data.p50, latencyScale, 'p50')}${line(data.p99, latencyScale, 'main')}
${data.limits.throughput.map((limit) => limitLine(limit, rateScale, x))}
${data.limits.latency.map((limit) => limitLine(limit, latencyScale, x))}
${timeAxis(data.spanMs, bottom, x)}
${data.events.map(({ atMs, text }) => {
  const at = round(x(atMs));
  return html`<path class="event" d="M${at} ${bottom + 22}l5 5l-5 5l-5 -5z"><title>${formatAt(atMs)}: ${text}</title></path>`;
})}
${legend(bottom + 40, data)}
</svg>`;
}

function limitLine(limit: Limit, scale: Scale, x: (ms: number) => number): Markup {
  const y = round(scale(limit.value));
  const last = limit.spans.at(-1)!;
  return html`<g class="limit">${limit.spans.map(
    ({ fromMs, toMs }) => html`<line x1="${round(x(fromMs))}" x2="${round(x(toMs))}" y1="${y}" y2="${y}"/>`,
  )}<text x="${round(x(last.toMs) - 4)}" y="${limit.floor ? y + 13 : y - 4}" text-anchor="end">${limit.label}</text></g>`;
}

function legend(y: number, data: TimelineData): Markup {
  const items: (readonly [kind: string, label: string])[] = [
    ['main', 'delivered /s · p99'],
    ['offered', 'offered /s'],
    ['p50', 'p50'],
    ['max', 'max'],
    ...(data.rejected.some((value) => value > 0) ? [['bad', 'rejected /s'] as const] : []),
    ...(data.limits.latency.length + data.limits.throughput.length > 0
      ? [['limit-sample', 'gate limit'] as const]
      : []),
  ];
  const { drawn, at } = lineLegend(y, items);
  const events =
    data.events.length > 0 &&
    html`<path class="event" d="M${at + 6} ${y - 9}l5 5l-5 5l-5 -5z"/><text class="tick" x="${at + 16}" y="${y}">event</text>`;
  return html`<g>${drawn}${events}</g>`;
}

function eventList({ events }: Results): Content {
  if (events.length === 0) return null;
  const shown = events.slice(0, 300);
  return html`<details><summary>${events.length} event${events.length === 1 ? '' : 's'}</summary>
<div class="scroll" role="region" aria-label="Events" tabindex="0"><table><thead><tr><th class="num">time</th><th>of</th><th>what happened</th></tr></thead><tbody>
${shown.map(({ atMs, kind, text }) => html`<tr><td class="num">${formatAt(atMs)}</td><td>${kind}</td><td>${text}</td></tr>`)}
</tbody></table></div>${shown.length < events.length && html`<p class="note">The other ${events.length - shown.length} are in results.json.</p>`}</details>`;
}

function summary(data: TimelineData): string {
  const faults = data.faults
    .map(({ id, fromMs, toMs }) => `${id} from ${formatAt(fromMs)} to ${formatAt(toMs)}`)
    .join(', ');
  const peak = largest(data.p99.filter((value): value is number => value !== null));
  return `Throughput and latency over ${formatMs(data.spanMs)}; highest p99 of an interval ${formatMs(peak)}; faults: ${faults || 'none'}.`;
}

function formatTick(ms: number): string {
  return ms >= 1000 ? `${ms / 1000} s` : `${Number(ms.toPrecision(3))} ms`;
}

function largest(values: readonly number[]): number {
  return values.reduce((top, value) => Math.max(top, value), 0);
}

function smallest(values: readonly number[]): number {
  return values.reduce((low, value) => Math.min(low, value), Number.POSITIVE_INFINITY) || 0.1;
}
