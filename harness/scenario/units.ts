import { z } from 'zod';
import { nearest } from './suggest.js';

/**
 * Quantities with units as people write them in scenarios. Each family has a parser from text to its base unit
 * (undefined: not such a quantity), its inverse, and a zod type that takes the raw YAML value.
 */
interface UnitFamily {
  /** Used in messages: `a duration such as 250ms, 5s or 2m`. */
  readonly expected: string;
  /** Base units in one unit, as a decimal exponent (exact) and a multiplier. */
  readonly units: Readonly<Record<string, UnitFactor>>;
  /** What a bare number most likely meant. */
  readonly usual: string;
  /** Common ways to write a unit that are none here, in lower case. */
  readonly aliases?: Readonly<Record<string, string>>;
  /** The base quantity must be a whole number. */
  readonly whole?: boolean;
  /** Largest value in base units. */
  readonly max?: number;
}
interface UnitFactor {
  readonly exponent: number;
  readonly times?: number;
  readonly dividedBy?: number;
}

const NUMBER = String.raw`\d+(?:\.\d+)?`;

const SIZE_UNITS = {
  B: { exponent: 0 },
  KiB: { exponent: 0, times: 1024 },
  MiB: { exponent: 0, times: 1024 ** 2 },
  GiB: { exponent: 0, times: 1024 ** 3 },
} as const;

const DURATION: UnitFamily = {
  expected: 'a duration with its unit (us, ms, s, m, h) such as 250ms, 5s or 2m',
  usual: 's',
  aliases: {
    sec: 's',
    secs: 's',
    second: 's',
    seconds: 's',
    msec: 'ms',
    min: 'm',
    mins: 'm',
    minutes: 'm',
    hours: 'h',
  },
  units: {
    us: { exponent: -3 },
    ms: { exponent: 0 },
    s: { exponent: 3 },
    m: { exponent: 3, times: 60 },
    h: { exponent: 3, times: 3600 },
  },
};
const SIZE: UnitFamily = {
  expected: 'a size with its unit (B, KiB, MiB, GiB) such as 64B, 1KiB or 4MiB',
  usual: 'B',
  aliases: { kb: 'KiB', k: 'KiB', mb: 'MiB', gb: 'GiB', byte: 'B', bytes: 'B' },
  units: SIZE_UNITS,
  whole: true,
};
const RATE: UnitFamily = {
  expected: 'a rate with its unit (/s, /min, /h) such as 10000/s or 600/min',
  usual: '/s',
  aliases: { '/sec': '/s', '/second': '/s', 'msg/s': '/s', 'msgs/s': '/s', '/m': '/min', '/minute': '/min', hz: '/s' },
  units: { '/s': { exponent: 0 }, '/min': { exponent: 0, dividedBy: 60 }, '/h': { exponent: 0, dividedBy: 3600 } },
};
const BYTE_RATE: UnitFamily = {
  expected: 'bytes a second with their unit (B/s, KiB/s, MiB/s, GiB/s) such as 64KiB/s or 1MiB/s',
  usual: 'KiB/s',
  aliases: { 'kb/s': 'KiB/s', 'mb/s': 'MiB/s', 'gb/s': 'GiB/s' },
  units: Object.fromEntries(Object.entries(SIZE_UNITS).map(([unit, factor]) => [`${unit}/s`, factor])),
};
const SHARE: UnitFamily = {
  expected: 'a share with its sign from 0% to 100% such as 0.1% or 80%',
  usual: '%',
  units: { '%': { exponent: -2 } },
  max: 1,
};

/** `250ms`, `5s`, `2m`, `1h`, `100us` in milliseconds. */
export const parseDuration = (text: string) => parseUnit(DURATION, text);
/** `64B`, `1KiB`, `4MiB`, `1GiB` in bytes. */
export const parseSize = (text: string) => parseUnit(SIZE, text);
/** `10000/s`, `600/min` in events a second. */
export const parseRate = (text: string) => parseUnit(RATE, text);
/** `64KiB/s` in bytes a second. */
export const parseByteRate = (text: string) => parseUnit(BYTE_RATE, text);
/** `0.1%` as 0.001. */
export const parseShare = (text: string) => parseUnit(SHARE, text);

/** zod types of raw YAML values: text with a unit, or a bare 0. They yield base units. */
export const duration = unitType('duration', DURATION);
export const size = unitType('size', SIZE);
export const rate = unitType('rate', RATE);
export const byteRate = unitType('byteRate', BYTE_RATE);
export const share = unitType('share', SHARE);

/** The same, above zero. */
export const positiveDuration = duration.refine((ms) => ms > 0, 'a duration above zero');
export const positiveSize = size.refine((bytes) => bytes > 0, 'a size above zero');
export const positiveRate = rate.refine((perSec) => perSec > 0, 'a rate above zero');

/** Milliseconds in the largest unit that keeps the figure short: `250ms`, `20s`, `2m`. */
export function formatDuration(ms: number): string {
  if (ms === 0) return '0ms';
  if (ms >= 3_600_000 && Number.isInteger(ms / 3_600_000)) return `${ms / 3_600_000}h`;
  if (ms >= 60_000 && Number.isInteger(ms / 60_000)) return `${ms / 60_000}m`;
  if (ms >= 1000) return `${decimal(shift(ms, -3))}s`;
  return ms < 1 ? `${decimal(shift(ms, 3))}us` : `${decimal(ms)}ms`;
}

/** Bytes in the largest unit that divides them: `1KiB`, `1500B`. */
export function formatSize(bytes: number): string {
  for (const unit of ['GiB', 'MiB', 'KiB'] as const) {
    const factor = SIZE_UNITS[unit].times;
    if (bytes >= factor && bytes % factor === 0) return `${bytes / factor}${unit}`;
  }
  return `${decimal(bytes)}B`;
}

/** `10000/s`. */
export const formatRate = (perSec: number) => `${decimal(perSec)}/s`;
/** 0.001 as `0.1%`. */
export const formatShare = (value: number) => `${decimal(shift(value, 2))}%`;

function unitType(id: string, family: UnitFamily) {
  const error = ({ input }: { readonly input?: unknown }) =>
    input === undefined ? family.expected : family.expected + hint(family, input);
  return z
    .union([z.string().regex(inputPattern(family), { error }), z.literal(0)], { error })
    .transform((raw, context) => {
      if (raw === 0) return 0;
      const value = parseUnit(family, raw);
      if (value !== undefined) return value;
      context.issues.push({ code: 'custom', message: family.expected, input: raw });
      return z.NEVER;
    })
    .meta({ id, description: family.expected });
}

/** `; did you mean 5s?` for a bare number and for a unit that is nearly one. */
function hint(family: UnitFamily, raw: unknown): string {
  const units = Object.keys(family.units);
  const match = /^(\d+(?:\.\d+)?)\s*(.*)$/.exec(String(raw));
  if (match === null || typeof raw === 'object') return '';
  const [, digits = '', written = ''] = match;
  const unit = written === '' ? family.usual : (family.aliases?.[written.toLowerCase()] ?? nearest(written, units));
  return unit === undefined || parseUnit(family, digits + unit) === undefined ? '' : `; did you mean ${digits}${unit}?`;
}

function inputPattern(family: UnitFamily): RegExp {
  return new RegExp(`^${NUMBER} ?(?:${Object.keys(family.units).join('|')})$`);
}

function parseUnit(family: UnitFamily, text: string): number | undefined {
  if (!inputPattern(family).test(text)) return undefined;
  const digits = /^[\d.]+/.exec(text)?.[0] ?? '';
  const factor = family.units[text.slice(digits.length).trim()];
  if (factor === undefined) return undefined;
  const value = (shift(Number(digits), factor.exponent) * (factor.times ?? 1)) / (factor.dividedBy ?? 1);
  if (!Number.isFinite(value) || value > (family.max ?? Number.MAX_SAFE_INTEGER)) return undefined;
  if (family.whole && !Number.isInteger(value)) return undefined;
  return value;
}

/** `value * 10^exponent` correctly rounded: 99.9 % is 0.999, which 99.9 / 100 is not. */
function shift(value: number, exponent: number): number {
  const [mantissa, own = '0'] = String(value).split('e');
  return Number(`${mantissa}e${Number(own) + exponent}`);
}

/** Without an exponent, which the parsers do not take. */
function decimal(value: number): string {
  const text = String(value);
  return text.includes('e') ? value.toFixed(20).replace(/\.?0+$/, '') : text;
}
