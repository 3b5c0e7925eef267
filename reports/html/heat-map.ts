import { formatAt, formatCount, formatMs } from '../format.js';
import type { HeatMap } from '../results.js';
import { html, type Markup } from './markup.js';
import { round, timeTicks } from './scale.js';

const WIDTH = 1080;
const LEFT = 68;
const RIGHT = 12;
const ROW = 14;
const MAX_COLUMNS = 180;
const SHADES = 6;

/** Latency over time: a column is a stretch of time, a row a range of latencies, the shade how many messages. */
export function heatMap(map: HeatMap): Markup {
  const group = Math.max(1, Math.ceil(map.counts.length / MAX_COLUMNS));
  const columns: number[][] = [];
  for (let i = 0; i < map.counts.length; i += group) {
    columns.push(map.upToMs.map((_, b) => map.counts.slice(i, i + group).reduce((sum, one) => sum + (one[b] ?? 0), 0)));
  }
  const top = columns.flat().reduce((most, count) => Math.max(most, count), 1);
  const width = (WIDTH - LEFT - RIGHT) / Math.max(1, columns.length);
  const height = map.upToMs.length * ROW;
  const spanMs = map.counts.length * map.intervalMs;
  const cells = columns.flatMap((column, c) =>
    column.flatMap((count, b) => {
      if (count === 0) return [];
      const shade = Math.min(SHADES, 1 + Math.floor((Math.log(count + 1) / Math.log(top + 1)) * SHADES));
      return [{ shade, x: round(LEFT + c * width), y: height - (b + 1) * ROW }];
    }),
  );
  const paths = Array.from({ length: SHADES }, (_, i) => {
    const own = cells.filter(({ shade }) => shade === i + 1);
    const d = own.map(({ x, y }) => `M${x} ${y}h${round(width + 0.3)}v${ROW}h-${round(width + 0.3)}z`).join('');
    return html`<path class="heat h${i + 1}" d="${d}"/>`;
  });
  return html`<div class="chart" role="region" aria-label="Latency heat map" tabindex="0">
<svg viewBox="0 0 ${WIDTH} ${height + 24}" width="${WIDTH}" role="img" aria-label="How many messages had which latency over time; up to ${formatCount(top)} in a cell of ${formatMs(group * map.intervalMs)}.">
${paths}
${map.upToMs.map((upTo, b) => (b % 2 === 0 ? html`<text class="tick" x="${LEFT - 8}" y="${height - b * ROW - 3}" text-anchor="end">≤ ${formatTick(upTo)}</text>` : null))}
${timeTicks(spanMs, 12).map((ms) => html`<text class="tick" x="${round(LEFT + (ms / spanMs) * (WIDTH - LEFT - RIGHT))}" y="${height + 16}" text-anchor="${ms > spanMs * 0.98 ? 'end' : 'middle'}">${formatAt(ms).replace('.0', '')}</text>`)}
</svg></div>
<p class="note">The darker (on a dark page: the brighter) a cell, the more messages had that latency then, by logarithm. What never arrived is in no cell.</p>`;
}

function formatTick(ms: number): string {
  return ms >= 1000 ? `${ms / 1000} s` : `${ms} ms`;
}
