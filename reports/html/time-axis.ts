import { formatAt } from '../format.js';
import { type Content, html, type Markup } from './markup.js';
import { round, type Scale, timeTicks } from './scale.js';
import type { TimelineData, TimelineFault } from './timeline-data.js';

/** Pictures over the time of a run, one under the other: the same moment is at the same place in all of them. */
export const WIDTH = 1080;
export const LEFT = 68;
const RIGHT = 12;
const LANE = 20;
/** Of the pictures' text. */
const CHAR = 6.6;

/** Milliseconds from the start of the load to a place; what is outside stays at the edge. */
export type TimeScale = (ms: number) => number;

export function timeScale(spanMs: number): TimeScale {
  return (ms) => LEFT + (Math.min(Math.max(ms, 0), spanMs) / spanMs) * (WIDTH - LEFT - RIGHT);
}

/** Phases along the top and faults as bands: where the picture itself may begin, and what is drawn down to `bottom`. */
export function headOf(data: Pick<TimelineData, 'phases' | 'faults'>, x: TimeScale) {
  const lanes = faultLanes(data.faults, x);
  return {
    top: 26 + Math.max(0, ...lanes.map((lane) => lane + 1)) * LANE + 8,
    draw: (bottom: number): Content => [
      data.phases.map((phase, i) => phaseStrip(phase, i, x, bottom)),
      data.faults.map((fault, i) => faultBand(fault, lanes[i]!, x, bottom)),
    ],
  };
}

export function timeAxis(spanMs: number, bottom: number, x: TimeScale): Content {
  return timeTicks(spanMs, 12).map(
    (ms) =>
      html`<text class="tick" x="${round(x(ms))}" y="${bottom + 16}" text-anchor="${x(ms) > WIDTH - 24 ? 'end' : 'middle'}">${tickTime(ms)}</text>`,
  );
}

export function valueAxis(scale: Scale, format: (value: number) => string): Content {
  return scale.ticks.map((value) => {
    const y = round(scale(value));
    return html`<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y}" y2="${y}"/><text class="tick" x="${LEFT - 8}" y="${y + 4}" text-anchor="end">${format(value)}</text>`;
  });
}

/** Samples of lines with their names, and where the next one would begin. */
export function lineLegend(y: number, items: readonly (readonly [kind: string, label: string])[]) {
  let at = LEFT;
  const drawn = items.map(([kind, label]) => {
    const from = at;
    at += 46 + label.length * CHAR;
    return html`<line class="line ${kind}" x1="${from}" x2="${from + 24}" y1="${y - 4}" y2="${y - 4}"/><text class="tick" x="${from + 30}" y="${y}">${label}</text>`;
  });
  return { drawn, at };
}

/** Greedy: a fault goes to the first lane in which its bar and its label are free. */
export function faultLanes(faults: readonly TimelineFault[], x: TimeScale): number[] {
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

function phaseStrip(phase: TimelineData['phases'][number], i: number, x: TimeScale, bottom: number): Markup {
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

function faultBand(fault: TimelineFault, lane: number, x: TimeScale, bottom: number): Markup {
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

function tickTime(ms: number): string {
  return ms >= 60_000 && ms % 60_000 === 0 ? `${ms / 60_000} min` : `${ms / 1000} s`;
}
