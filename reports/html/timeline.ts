import { formatAt, formatMs, formatRate } from '../format.js';
import type { Results } from '../results.js';
import { type Content, embeddedJson, html, type Markup } from './markup.js';
import { linearScale, linePath, logScale, round, type Scale, timeTicks } from './scale.js';
import { type Limit, type TimelineData, type TimelineFault, timelineData } from './timeline-data.js';

const WIDTH = 1080;
const LEFT = 68;
const RIGHT = 12;
const LANE = 20;
const THROUGHPUT_HEIGHT = 150;
const LATENCY_HEIGHT = 190;
const GAP = 30;
const CHAR = 6.6;
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
  const x = (ms: number) => LEFT + (Math.min(Math.max(ms, 0), data.spanMs) / data.spanMs) * (WIDTH - LEFT - RIGHT);
  const lanes = faultLanes(data.faults, x);
  const top = 26 + Math.max(0, ...lanes.map((lane) => lane + 1)) * LANE + 8;
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
  const ticks = timeTicks(data.spanMs, 12);
  return html`<svg viewBox="0 0 ${WIDTH} ${bottom + 46}" width="${WIDTH}" role="img" aria-label="${summary(data)}">
${data.phases.map((phase, i) => phaseStrip(phase, i, x, bottom))}
${data.faults.map((fault, i) => faultBand(fault, lanes[i]!, x, bottom))}
${axis(rateScale, formatRate)}${axis(latencyScale, formatTick)}
<text class="title" x="${LEFT}" y="${top - 5}">Throughput</text>
<text class="title" x="${LEFT}" y="${middle - 7}">End-to-end latency (log)</text>
${line(data.offered, rateScale, 'offered')}${line(data.delivered, rateScale, 'main')}
${data.rejected.some((value) => value > 0) && line(data.rejected, rateScale, 'bad')}
${line(data.max, latencyScale, 'max')}${line(data.p50, latencyScale, 'p50')}${line(data.p99, latencyScale, 'main')}
${data.limits.throughput.map((limit) => limitLine(limit, rateScale, x))}
${data.limits.latency.map((limit) => limitLine(limit, latencyScale, x))}
${ticks.map((ms) => html`<text class="tick" x="${round(x(ms))}" y="${bottom + 16}" text-anchor="${x(ms) > WIDTH - 24 ? 'end' : 'middle'}">${tickTime(ms)}</text>`)}
${data.events.map(({ atMs, text }) => {
  const at = round(x(atMs));
  return html`<path class="event" d="M${at} ${bottom + 22}l5 5l-5 5l-5 -5z"><title>${formatAt(atMs)}: ${text}</title></path>`;
})}
${legend(bottom + 40, data)}
</svg>`;

  function axis(scale: Scale, format: (value: number) => string): Content {
    return scale.ticks.map((value) => {
      const y = round(scale(value));
      return html`<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y}" y2="${y}"/><text class="tick" x="${LEFT - 8}" y="${y + 4}" text-anchor="end">${format(value)}</text>`;
    });
  }
}

/** Greedy: a fault goes to the first lane in which its bar and its label are free. */
export function faultLanes(faults: readonly TimelineFault[], x: (ms: number) => number): number[] {
  const ends: number[] = [];
  return faults.map((fault) => {
    const from = x(fault.fromMs);
    const to = Math.max(x(fault.toMs), from + faultLabel(fault).length * CHAR + 12);
    const free = ends.findIndex((end) => end <= from);
    const lane = free === -1 ? ends.length : free;
    ends[lane] = to + 6;
    return lane;
  });
}

function phaseStrip(
  phase: TimelineData['phases'][number],
  i: number,
  x: (ms: number) => number,
  bottom: number,
): Markup {
  const from = round(x(phase.fromMs));
  const width = round(x(phase.toMs) - x(phase.fromMs));
  const label = phase.measure ? phase.name : `${phase.name} (not measured)`;
  const room = Math.floor((width - 8) / CHAR);
  const fitting = label.length <= room ? label : phase.name;
  const text = fitting.length <= room ? fitting : room >= 4 ? `${fitting.slice(0, room - 1)}…` : '';
  return html`<g><title>Phase ${label}, ${formatAt(phase.fromMs)} to ${formatAt(phase.toMs)}</title>
<rect class="phase ${i % 2 === 0 ? 'even' : 'odd'}" x="${from}" y="0" width="${width}" height="20" rx="3"/>
<text class="phase-name" x="${round(from + width / 2)}" y="14" text-anchor="middle">${text}</text>
${i > 0 && html`<line class="phase-edge" x1="${from}" x2="${from}" y1="22" y2="${bottom}"/>`}</g>`;
}

function faultBand(fault: TimelineFault, lane: number, x: (ms: number) => number, bottom: number): Markup {
  const from = round(x(fault.fromMs));
  const width = Math.max(2, round(x(fault.toMs) - x(fault.fromMs)));
  const y = 26 + lane * LANE;
  const label = faultLabel(fault);
  const fits = from + label.length * CHAR + 8 <= WIDTH;
  const held = fault.tookHold ? '' : ' not-held';
  return html`<g class="fault${held}"><title>${label}, ${formatAt(fault.fromMs)} to ${formatAt(fault.toMs)}</title>
<rect class="band" x="${from}" y="${y}" width="${width}" height="${bottom - y}"/>
<rect class="bar" x="${from}" y="${y}" width="${width}" height="3"/>
<text class="fault-name" x="${fits ? from + 4 : round(from + width)}" y="${y + 15}" text-anchor="${fits ? 'start' : 'end'}">${label}</text></g>`;
}

function faultLabel(fault: TimelineFault): string {
  const name = fault.id.startsWith(fault.kind) ? fault.id : `${fault.id} · ${fault.kind}`;
  const short = name.length > 48 ? `${name.slice(0, 47)}…` : name;
  return fault.tookHold ? `⚡ ${short}` : `✕ ${short} (did not take hold)`;
}

function limitLine(limit: Limit, scale: Scale, x: (ms: number) => number): Markup {
  const y = round(scale(limit.value));
  const last = limit.spans.at(-1)!;
  return html`<g class="limit">${limit.spans.map(
    ({ fromMs, toMs }) => html`<line x1="${round(x(fromMs))}" x2="${round(x(toMs))}" y1="${y}" y2="${y}"/>`,
  )}<text x="${round(x(last.toMs) - 4)}" y="${limit.floor ? y + 13 : y - 4}" text-anchor="end">${limit.label}</text></g>`;
}

function legend(y: number, data: TimelineData): Markup {
  const items = [
    ['main', 'delivered /s · p99'],
    ['offered', 'offered /s'],
    ['p50', 'p50'],
    ['max', 'max'],
    ...(data.rejected.some((value) => value > 0) ? [['bad', 'rejected /s']] : []),
    ...(data.limits.latency.length + data.limits.throughput.length > 0 ? [['limit-sample', 'gate limit']] : []),
  ] as const;
  let at = LEFT;
  const drawn = items.map(([kind, label]) => {
    const from = at;
    at += 46 + label.length * CHAR;
    return html`<line class="line ${kind}" x1="${from}" x2="${from + 24}" y1="${y - 4}" y2="${y - 4}"/><text class="tick" x="${from + 30}" y="${y}">${label}</text>`;
  });
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

function tickTime(ms: number): string {
  return ms >= 60_000 && ms % 60_000 === 0 ? `${ms / 60_000} min` : `${ms / 1000} s`;
}

function largest(values: readonly number[]): number {
  return values.reduce((top, value) => Math.max(top, value), 0);
}

function smallest(values: readonly number[]): number {
  return values.reduce((low, value) => Math.min(low, value), Number.POSITIVE_INFINITY) || 0.1;
}
