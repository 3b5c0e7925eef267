/** Maps a value of the data to a coordinate of the picture. */
export interface Scale {
  (value: number): number;
  readonly ticks: readonly number[];
}

/** From zero, ending on a round number; four to six ticks. */
export function linearScale(max: number, from: number, to: number): Scale {
  const top = max > 0 ? max : 1;
  const step = niceStep(top / 4);
  const end = Math.ceil(top / step - 1e-9) * step;
  const ticks: number[] = [];
  for (let i = 0; i * step <= end + step / 2; i++) ticks.push(Number((i * step).toPrecision(12)));
  return Object.assign((value: number) => from + (Math.min(value, end) / end) * (to - from), { ticks });
}

/** Decades; values below the smallest tick stay on it. */
export function logScale(min: number, max: number, from: number, to: number): Scale {
  const low = Math.floor(Math.log10(min > 0 ? min : 0.1));
  const high = Math.max(low + 1, Math.ceil(Math.log10(max > 0 ? max : 1) - 1e-9));
  const ticks = Array.from({ length: high - low + 1 }, (_, i) => 10 ** (low + i));
  const map = (value: number) => {
    const at = (Math.log10(Math.max(value, 10 ** low)) - low) / (high - low);
    return from + Math.min(at, 1) * (to - from);
  };
  return Object.assign(map, { ticks });
}

/** Round time steps for an axis over `spanMs`. */
export function timeTicks(spanMs: number, most: number): number[] {
  const steps = [100, 200, 500, 1e3, 2e3, 5e3, 1e4, 1.5e4, 3e4, 6e4, 1.2e5, 3e5, 6e5, 1.2e6, 1.8e6, 3.6e6];
  const step = steps.find((candidate) => spanMs / candidate <= most) ?? Math.ceil(spanMs / most / 3.6e6) * 3.6e6;
  return Array.from({ length: Math.floor(spanMs / step) + 1 }, (_, i) => i * step);
}

/** `M` and `L` of a polyline; nulls break it. */
export function linePath(xs: readonly number[], ys: readonly (number | null)[]): string {
  let path = '';
  let pen = false;
  xs.forEach((x, i) => {
    const y = ys[i];
    if (y === null || y === undefined) {
      pen = false;
      return;
    }
    path += `${pen ? 'L' : 'M'}${round(x)} ${round(y)}`;
    pen = true;
  });
  return path;
}

/**
 * The points of a column that is sampled less often than it has entries: what is known, joined, with a null where a
 * sample is missing (a gap over twice the usual distance).
 */
export function sampledPoints(values: readonly (number | null)[]): { at: number; value: number | null }[] {
  const known = values.flatMap((value, at) => (value === null ? [] : [{ at, value }]));
  const gaps = known.slice(1).map(({ at }, i) => at - known[i]!.at);
  const usual = gaps.toSorted((a, b) => a - b)[Math.floor((gaps.length - 1) / 2)] ?? 1;
  return known.flatMap((point, i) =>
    i > 0 && gaps[i - 1]! > 2 * usual ? [{ at: point.at, value: null }, point] : [point],
  );
}

/** A tenth of a pixel is enough, and keeps pages small. */
export function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function niceStep(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough));
  const factor = [1, 2, 2.5, 5, 10].find((candidate) => candidate * power >= rough - 1e-9 * power) ?? 10;
  return factor * power;
}
