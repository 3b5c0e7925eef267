import type { GateResult, OverRuns } from './results.js';

/** How figures are written in every report. Grouping and decimal point are fixed: a report reads the same everywhere. */
const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

/** A count, and a mean of counts: 1,234. */
export function formatCount(value: number): string {
  return whole.format(value);
}

/** Three significant digits, trailing zeros kept out: 4.21, 12.3, 1,230. */
export function formatNumber(value: number): string {
  const size = Math.abs(value);
  if (size >= 100 || Number.isInteger(value)) return whole.format(value);
  return value.toFixed(size >= 10 ? 1 : size >= 0.1 ? 2 : 4).replace(/\.?0+$/, '');
}

/** `0.42 ms`, `12.3 ms`, `1.25 s`, `2 min 5 s`. */
export function formatMs(ms: number): string {
  const size = Math.abs(ms);
  if (size < 10) return `${ms.toFixed(2)} ms`;
  if (size < 100) return `${ms.toFixed(1)} ms`;
  if (size < 1000) return `${ms.toFixed(0)} ms`;
  if (size < 60_000) return `${trimmed(ms / 1000, 2)} s`;
  const seconds = Math.round(ms / 1000);
  return seconds % 60 === 0 ? `${seconds / 60} min` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** A latency percentile: null is infinite when something was undelivered, nothing when there was nothing. */
export function formatLatency(ms: number | null, count: number): string {
  return ms === null ? (count === 0 ? '–' : '∞') : formatMs(ms);
}

/** A share as per cent; never rounded up to 100 % or down to 0 %. */
export function formatShare(share: number): string {
  const percent = share * 100;
  if (percent === 0 || percent === 100) return `${percent} %`;
  for (let digits = 2; digits <= 8; digits++) {
    const text = percent.toFixed(digits);
    if (Number(text) !== 0 && Number(text) !== 100) return `${text.replace(/0+$/, '').replace(/\.$/, '')} %`;
  }
  return percent > 50 ? '< 100 %' : '> 0 %';
}

/** `10,480/s`. */
export function formatRate(perSec: number): string {
  return `${Math.abs(perSec) < 100 ? formatNumber(perSec) : whole.format(perSec)}/s`;
}

/** `1.5 MiB`. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes;
  let unit = 0;
  while (Math.abs(value) >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 ? whole.format(value) : trimmed(value, 1)} ${units[unit]}`;
}

/** Time since the start of the load: `12.3 s`. */
export function formatAt(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

/** A value in a gate's unit. */
export function formatValue(value: number, unit: GateResult['unit']): string {
  switch (unit) {
    case 'ms':
      return formatMs(value);
    case 'share':
      return formatShare(value);
    case 'count':
      return formatNumber(value);
    case 'per-sec':
      return formatRate(value);
    case 'number':
      return formatNumber(value);
    default:
      return unit satisfies never;
  }
}

/** What a gate observed, in words where there is no figure. */
export function formatObserved(gate: GateResult): string {
  if (gate.observed !== null) return formatValue(gate.observed, gate.unit);
  if (gate.samples === 0) return 'no samples';
  return gate.unit === 'ms' ? '∞' : 'not measurable';
}

/** `< 10.0 ms`. */
export function formatLimit(gate: GateResult): string {
  return `${formatOperator(gate.operator)} ${formatValue(gate.limit, gate.unit)}`;
}

/** `>=` as `≥`: for people; expressions keep what was written. */
export function formatOperator(operator: string): string {
  return { '==': '=', '!=': '≠', '<=': '≤', '>=': '≥' }[operator] ?? operator;
}

/** `5.79 ms inside`, `3 outside`; a dash where there is no margin. */
export function formatMargin(gate: GateResult): string {
  if (gate.margin === null) return gate.observed === null && gate.verdict === 'fail' ? 'unbounded' : '–';
  if (gate.margin === 0) return gate.verdict === 'pass' ? (gate.operator === '==' ? 'met' : 'on the limit') : 'none';
  const size = Math.abs(gate.margin);
  const figure = gate.unit === 'share' ? formatShare(size).replace('%', 'points') : formatValue(size, gate.unit);
  return `${figure} ${gate.margin > 0 ? 'inside' : 'outside'}`;
}

/** `[4.01 ms, 4.60 ms]`; an open end where the bound is infinite. */
export function formatInterval(gate: GateResult): string {
  if (gate.interval === null) return '–';
  const [low, high] = gate.interval;
  return `${formatBound(low, gate)} to ${formatBound(high, gate)}`;
}

/** `4.2 ms, 4.0 ms to 4.6 ms`: the median of all runs and its interval. */
export function formatMedian({ median, interval: [low, high] }: OverRuns, gate: GateResult): string {
  return `${formatBound(median, gate)}, ${formatBound(low, gate)} to ${formatBound(high, gate)}`;
}

/** Of a value among others, where there is no figure. */
export function formatBound(value: number | null, { unit }: GateResult): string {
  if (value !== null) return formatValue(value, unit);
  return unit === 'ms' ? '∞' : '–';
}

/** `2026-11-23 23:39:05 UTC`; the text itself when it is no time. */
export function formatTime(iso: string): string {
  const time = new Date(iso);
  return Number.isNaN(time.getTime()) ? iso : `${time.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

function trimmed(value: number, digits: number): string {
  return value.toFixed(digits).replace(/\.?0+$/, '');
}
