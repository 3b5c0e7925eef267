import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import {
  byteRate,
  duration,
  formatDuration,
  formatRate,
  formatShare,
  formatSize,
  parseByteRate,
  parseDuration,
  parseRate,
  parseShare,
  parseSize,
  positiveDuration,
  rate,
  share,
  size,
} from '../../../../harness/scenario/units.js';

describe('units', () => {
  it.each([
    [parseDuration, '250ms', 250],
    [parseDuration, '0.1ms', 0.1],
    [parseDuration, '100us', 0.1],
    [parseDuration, '5s', 5000],
    [parseDuration, '1.5 s', 1500],
    [parseDuration, '2m', 120_000],
    [parseDuration, '1h', 3_600_000],
    [parseSize, '64B', 64],
    [parseSize, '1KiB', 1024],
    [parseSize, '4MiB', 4_194_304],
    [parseSize, '0.5KiB', 512],
    [parseRate, '10000/s', 10_000],
    [parseRate, '600/min', 10],
    [parseRate, '3600/h', 1],
    [parseByteRate, '64KiB/s', 65_536],
    [parseShare, '0.1%', 0.001],
    [parseShare, '99.9%', 0.999],
    [parseShare, '100%', 1],
  ])('reads %o %s', (parse, text, value) => expect(parse(text)).toBe(value));

  it.each([
    [parseDuration, '5'],
    [parseDuration, '5 seconds'],
    [parseDuration, '-5s'],
    [parseDuration, '5S'],
    [parseDuration, ''],
    [parseDuration, 's'],
    [parseDuration, '5s\n'],
    [parseSize, '1KB'],
    [parseSize, '0.3B'],
    [parseRate, '10000'],
    [parseShare, '101%'],
    [parseShare, '0.1'],
  ])('refuses %o %j', (parse, text) => expect(parse(text)).toBeUndefined());

  it('takes raw YAML values, a bare 0 included, and nothing else', () => {
    for (const type of [duration, size, rate, share, byteRate]) {
      expect(type.parse(0)).toBe(0);
      for (const wrong of [1, '0', true, null, {}, '1 parsec']) expect(type.safeParse(wrong).success).toBe(false);
    }
    expect(positiveDuration.safeParse(0).success).toBe(false);
    expect(duration.safeParse('1 parsec').error?.issues[0]?.message).toContain('a duration with its unit');
  });

  it('describes itself in JSON Schema by what is written, not by what it becomes', () => {
    const schema = z.toJSONSchema(z.object({ a: duration, b: duration.optional() }), { io: 'input' });
    expect(schema.$defs?.duration).toMatchObject({ anyOf: [{ type: 'string' }, { const: 0 }] });
  });

  it('formats what it reads', () => {
    expect([250, 20_000, 1500, 120_000, 0.1, 0].map(formatDuration)).toEqual([
      '250ms',
      '20s',
      '1.5s',
      '2m',
      '100us',
      '0ms',
    ]);
    expect([64, 1024, 1500, 4_194_304].map(formatSize)).toEqual(['64B', '1KiB', '1500B', '4MiB']);
    expect([0.001, 0.999, 1, 0].map(formatShare)).toEqual(['0.1%', '99.9%', '100%', '0%']);
  });

  it('comes back unchanged from its own text', () => {
    const thousandths = fc.integer({ min: 0, max: 1e9 }).map((n) => Number(`${n}e-3`));
    const tenMillionths = fc.integer({ min: 0, max: 1e7 }).map((n) => Number(`${n}e-7`));
    fc.assert(fc.property(thousandths, (ms) => Math.abs((parseDuration(formatDuration(ms)) ?? -1) - ms) < 1e-9));
    fc.assert(fc.property(thousandths, (perSec) => parseRate(formatRate(perSec)) === perSec));
    fc.assert(fc.property(fc.nat(), (bytes) => parseSize(formatSize(bytes)) === bytes));
    fc.assert(fc.property(tenMillionths, (value) => parseShare(formatShare(value)) === value));
  });
});
