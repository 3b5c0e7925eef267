import { formatBytes, formatCount, formatLatency, formatMs, formatNumber, formatShare } from '../format.js';
import type { Results } from '../results.js';
import { loadMs } from '../suite.js';
import { metricName } from './definitions.js';
import { type Content, html, type Markup } from './markup.js';
import { linearScale, linePath, round, sampledPoints } from './scale.js';
import { highestOf } from './timeline-data.js';

const WIDTH = 340;
const HEIGHT = 64;
const POINTS = 170;
const MAX_CHARTS = 24;

interface Chart {
  readonly name: string;
  /** For those who do not see what it stands under. */
  readonly title?: string;
  readonly column: readonly (number | null)[];
  readonly format: (value: number) => string;
}

/** What machine and processes did meanwhile, and what the driver says about itself. */
export function systemSection(results: Results): Markup {
  const { series, system } = results;
  const whole = [
    { name: 'Messages in flight', column: series.inFlight, format: formatCount },
    { name: 'Redis memory', column: series.redisMemoryBytes, format: formatBytes },
    { name: 'Redis commands /s', column: series.redisOpsPerSec, format: formatCount },
    { name: 'CPU stolen by the host', column: series.steal, format: formatShare },
  ];
  const cpu = byProcess(series.cpu, 'CPU of', (value) => `${formatNumber(value)} cores`);
  const loops = byProcess(series.eventLoop, 'Event-loop delay of', formatMs);
  const gauges = Object.entries(system);
  return html`${charts(results, whole)}
<h3>CPU by process</h3>${charts(results, cpu)}
<h3>Event-loop delay by process</h3>${charts(results, loops)}
${instrument(results)}
<h3>What the driver says about itself</h3>
<p class="note">Kept apart from what was measured from outside: no gate looks at it.</p>
${gauges.length === 0 ? html`<p>Nothing.</p>` : html`<ul class="counts">${gauges.map(([name, value]) => html`<li><span><code>${name}</code></span><span class="num">${formatNumber(value)}</span></li>`)}</ul>`}`;
}

function byProcess(columns: Results['series']['cpu'], title: string, format: Chart['format']): Chart[] {
  return Object.entries(columns).map(([name, column]) => ({ name, title: `${title} ${name}`, column, format }));
}

function charts(results: Results, all: readonly Chart[]): Content {
  const known = all.filter(({ column }) => column.some((value) => value !== null));
  if (known.length === 0) return html`<p class="note">Not measured.</p>`;
  return html`<div class="minis">${known.slice(0, MAX_CHARTS).map((chart) => mini(results, chart))}</div>
${known.length > MAX_CHARTS && html`<p class="note">${known.length - MAX_CHARTS} more are in results.json.</p>`}`;
}

function mini(results: Results, { name, title = name, column, format }: Chart): Markup {
  const values = highestOf(column, results.series, POINTS);
  const known = values.filter((value): value is number => value !== null);
  const max = known.reduce((top, value) => Math.max(top, value), 0);
  const last = known.at(-1) ?? 0;
  const y = linearScale(max, HEIGHT - 2, 4);
  const x = (i: number) => (values.length < 2 ? 0 : (i / (values.length - 1)) * WIDTH);
  const points = sampledPoints(values);
  const path = linePath(
    points.map(({ at }) => x(at)),
    points.map(({ value }) => (value === null ? null : y(value))),
  );
  const span = Math.max(1, loadMs(results));
  const bands = results.faults.flatMap(({ injectedMs, liftedMs }) => {
    if (injectedMs === null) return [];
    const from = (injectedMs / span) * WIDTH;
    const to = (Math.min(liftedMs ?? span, span) / span) * WIDTH;
    return [
      html`<rect class="band" x="${round(from)}" y="0" width="${round(Math.max(1, to - from))}" height="${HEIGHT}"/>`,
    ];
  });
  return html`<figure><figcaption>${name}<span class="num">max ${format(max)} · end ${format(last)}</span></figcaption>
<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label="${title}: at most ${format(max)}, at the end ${format(last)}">${bands}<line class="grid" x1="0" x2="${WIDTH}" y1="${HEIGHT - 1}" y2="${HEIGHT - 1}"/><path class="line main" d="${path}"/></svg></figure>`;
}

function instrument(results: Results): Markup {
  const { lag, worstSecondShare, probeStallMaxMs, stealMax, clock, problems } = results.instrument;
  const { p50, p99, max, count } = lag.summary;
  return html`<h3>The instrument itself</h3>
${problems.length > 0 && html`<div class="callout unsure"><strong>? Not good enough to judge:</strong><ul>${problems.map((text) => html`<li>${text}</li>`)}</ul></div>`}
<dl class="facts">
<div><dt>${metricName('instrument.lag', results, 'Generator lag')}</dt><dd>p50 ${formatLatency(p50, count)}, p99 ${formatLatency(p99, count)}, max ${formatLatency(max, count)}</dd></div>
<div><dt>Plan made in the worst second</dt><dd>${worstSecondShare === null ? 'not measured' : formatShare(worstSecondShare)}</dd></div>
<div><dt>Longest stall of the probe</dt><dd>${probeStallMaxMs === null ? 'not measured' : formatMs(probeStallMaxMs)}</dd></div>
<div><dt>Highest CPU steal</dt><dd>${stealMax === null ? 'not measured' : formatShare(stealMax)}</dd></div>
<div><dt>Clock</dt><dd>${clock}</dd></div>
</dl>`;
}
