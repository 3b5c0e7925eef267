import { formatAt, formatCount, formatMs, formatNumber } from '../format.js';
import type { Results } from '../results.js';
import type { Scaling } from '../scaling.js';
import { type Content, html, type Markup } from './markup.js';
import { linearScale, linePath, round, type Scale } from './scale.js';
import { headOf, LEFT, lineLegend, type TimeScale, timeAxis, timeScale, valueAxis, WIDTH } from './time-axis.js';
import { type TimelineData, timelineData } from './timeline-data.js';

const CONSUMERS_HEIGHT = 130;
const BACKLOG_HEIGHT = 90;
const GAP = 30;
const POINTS = 400;

interface Step {
  readonly atMs: number;
  readonly value: number;
}

/** How the system scaled its consumers: what it asked for, what there was, and why. Nothing where it scaled nothing. */
export function scalingPicture(results: Results): Content {
  const { scaling } = results;
  if (scaling === undefined) return null;
  return html`<h3>Consumers</h3>
<div class="chart" role="region" aria-label="Consumers over time, as a picture" tabindex="0">${picture(scaling, timelineData(results, POINTS))}</div>
<p class="note">Asked for, needed, and the backlog by estimate are what the system says; consumers that are ready, and messages in flight, were measured from outside. Needs beyond the limits are drawn at the edge.</p>
${askedTable(scaling)}`;
}

function picture(scaling: Scaling, data: TimelineData): Markup {
  const x = timeScale(data.spanMs);
  const head = headOf(data, x);
  const middle = head.top + CONSUMERS_HEIGHT + GAP;
  const bottom = middle + BACKLOG_HEIGHT;
  const consumers = linearScale(roundLimit(scaling.limits.max), head.top + CONSUMERS_HEIGHT, head.top);
  const backlogs = [...data.inFlight, ...scaling.looks.map(({ backlog }) => backlog)];
  const backlog = linearScale(highest(backlogs), bottom, middle);
  const steps = (kind: string, all: readonly Step[]) =>
    html`<path class="line ${kind}" d="${stepPath(all, data.spanMs, x, consumers)}"/>`;
  const looks = scaling.looks.filter(({ atMs }) => atMs >= 0 && atMs <= data.spanMs);
  const looked = (kind: string, scale: Scale, value: (look: Scaling['looks'][number]) => number) => {
    const xs = looks.map(({ atMs }) => x(atMs));
    return html`<path class="line ${kind}" d="${linePath(
      xs,
      looks.map((look) => scale(value(look))),
    )}"/>`;
  };
  const inFlight = linePath(
    data.atMs.map((ms) => x(ms + data.stepMs / 2)),
    data.inFlight.map(backlog),
  );
  return html`<svg viewBox="0 0 ${WIDTH} ${bottom + 46}" width="${WIDTH}" role="img" aria-label="${summary(scaling, data)}">
${head.draw(bottom)}
${valueAxis(consumers, formatCount)}${valueAxis(backlog, formatNumber)}
<text class="title" x="${LEFT}" y="${head.top - 5}">Number of consumers</text>
<text class="title" x="${LEFT}" y="${middle - 7}">Backlog in messages</text>
${looked('p50', consumers, ({ needed }) => needed)}
${steps('main', readySteps(scaling))}${steps('offered', askedSteps(scaling))}
<path class="line main" d="${inFlight}"/>${looked('p50', backlog, (look) => look.backlog)}
${timeAxis(data.spanMs, bottom, x)}
${
  lineLegend(bottom + 40, [
    ['main', 'ready · in flight'],
    ['offered', 'asked for'],
    ['p50', 'needed · backlog by estimate'],
  ]).drawn
}
</svg>`;
}

/** Each value holds until the next one. */
function stepPath(steps: readonly Step[], spanMs: number, x: TimeScale, y: Scale): string {
  const shown = steps.filter(({ atMs }) => atMs <= spanMs);
  const path = shown.map(({ atMs, value }, i) =>
    i === 0 ? `M${round(x(atMs))} ${round(y(value))}` : `H${round(x(atMs))}V${round(y(value))}`,
  );
  return shown.length === 0 ? '' : `${path.join('')}H${round(x(spanMs))}`;
}

function readySteps({ ready }: Scaling): Step[] {
  return ready.map(({ atMs, consumers }) => ({ atMs, value: consumers }));
}

/** Without what was refused: there has never been as much as that. */
function askedSteps({ asked }: Scaling): Step[] {
  return asked.flatMap(({ atMs, consumers, refusal }) => (refusal === undefined ? [{ atMs, value: consumers }] : []));
}

function askedTable({ asked }: Scaling): Content {
  if (asked.length === 0) return html`<p>The system asked for nothing.</p>`;
  return html`<div class="scroll" role="region" aria-label="Numbers of consumers that the system asked for" tabindex="0"><table><thead><tr><th class="num">time</th><th class="num">consumers</th><th>why</th></tr></thead><tbody>
${asked.map(({ atMs, consumers, reason, refusal }) => html`<tr><td class="num">${formatAt(atMs)}</td><td class="num">${consumers}</td><td>${reason}${refusal !== undefined && ` (refused: ${refusal})`}</td></tr>`)}
</tbody></table></div>`;
}

function summary(scaling: Scaling, data: TimelineData): string {
  const within = (steps: readonly Step[]) =>
    steps
      .filter(({ atMs }, i) => atMs <= data.spanMs && (steps[i + 1]?.atMs ?? Infinity) > 0)
      .map(({ value }) => value);
  const range = (values: readonly number[]) =>
    values.length === 0 ? 'none' : `${Math.min(...values)} to ${Math.max(...values)}`;
  const needed = highest(scaling.looks.map((look) => look.needed));
  return `Consumers over ${formatMs(data.spanMs)}: ${range(within(readySteps(scaling)))} ready, ${range(within(askedSteps(scaling)))} asked for, at most ${formatNumber(needed)} needed; at most ${formatCount(highest(data.inFlight))} messages in flight.`;
}

/** So that the ticks are whole numbers. */
function roundLimit(max: number): number {
  return max > 8 ? Math.ceil(max / 4) * 4 : Math.max(4, max);
}

function highest(values: readonly number[]): number {
  return values.reduce((most, value) => Math.max(most, value), 0);
}
