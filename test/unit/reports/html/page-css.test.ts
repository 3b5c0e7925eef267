import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

const css = readFileSync(new URL('../../../../reports/html/page.css', import.meta.url), 'utf8');
const [light, dark] = [...css.matchAll(/:root \{([^}]*)\}/g)].map(([, block]) =>
  Object.fromEntries([...block!.matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)].map(([, name, hex]) => [name!, hex!])),
);

/** WCAG 2.2, relative luminance and contrast ratio. */
function luminance(hex: string): number {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const channel = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
}

function contrast(a: string, b: string): number {
  const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (high! + 0.05) / (low! + 0.05);
}

/** Text colours, and the backgrounds that they are used on. */
const PAIRS: [string, string[]][] = [
  ['text', ['bg', 'panel', 'accent-soft', 'fail-soft']],
  ['muted', ['bg', 'panel', 'fail-soft']],
  ['accent', ['bg', 'panel']],
  ['pass', ['bg', 'panel', 'pass-soft']],
  ['fail', ['bg', 'panel', 'fail-soft']],
  ['unsure', ['bg', 'panel', 'unsure-soft']],
  ['fault', ['bg']],
  ...['c1', 'c2', 'c3', 'c4', 'c5'].map((name): [string, string[]] => [name, ['bg']]),
];

describe.each([
  ['light', light!],
  ['dark', dark!],
])('the %s theme', (_, theme) => {
  test.each(PAIRS)('%s reads on its backgrounds (WCAG AA, 4.5)', (name, backgrounds) => {
    for (const background of backgrounds)
      expect(contrast(theme[name]!, theme[background]!)).toBeGreaterThanOrEqual(4.5);
  });
});

test('both themes set the same colours', () => {
  expect(Object.keys(dark!).sort()).toEqual(Object.keys(light!).sort());
});
