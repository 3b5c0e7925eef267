import { describe, expect, it } from 'vitest';
import { html } from '../../../../reports/html/markup.js';
import { scalingPicture } from '../../../../reports/html/scaling-picture.js';
import type { Results } from '../../../../reports/results.js';
import type { Scaling } from '../../../../reports/scaling.js';
import { parseHtml } from '../../../fixtures/html.js';
import { sampleResults, sampleScaling } from '../../../fixtures/results.js';

const drawn = (results: Results) => html`${scalingPicture(results)}`.text;
const withScaling = (scaling: Scaling): Results => ({ ...sampleResults(), scaling });

/** The `d` of the first path of this kind. */
function path(page: string, kind: string): string {
  const found = parseHtml(page).find(({ name, attributes }) => name === 'path' && attributes.class === `line ${kind}`);
  return found?.attributes.d ?? '';
}

describe('the picture of scaling', () => {
  const page = drawn(withScaling(sampleScaling()));

  it('says in words what it shows', () => {
    const label = parseHtml(page).find(({ name }) => name === 'svg')?.attributes['aria-label'];
    expect(label).toContain('Consumers over 55 s: 1 to 3 ready, 1 to 3 asked for, at most 2.8 needed');
  });

  it('has steps: a value holds until the next one, the last one to the end', () => {
    // From the edge at the start of the load; 1,000 wide; three steps and the end.
    expect(path(page, 'main')).toMatch(/^M68 [\d.]+H[\d.]+V[\d.]+H[\d.]+V[\d.]+H[\d.]+V[\d.]+H1068$/);
    expect(path(page, 'offered').match(/V/g)).toHaveLength(2);
  });

  it('tells each number that was asked for, with its reason', () => {
    expect(page).toContain('<td>the group has 1, and is to have 1 to 4</td>');
    expect(page).toContain('need 2.80 members');
  });

  it('draws no line to what was refused, and says why it was', () => {
    const { asked, ...rest } = sampleScaling();
    const refused = { atMs: 30_000, consumers: 9, reason: 'why not', refusal: 'consumers 9: from 1 to 4' };
    const more = drawn(withScaling({ ...rest, asked: [...asked, refused] }));
    expect(path(more, 'offered')).toBe(path(page, 'offered'));
    expect(more).toContain('why not (refused: consumers 9: from 1 to 4)');
  });

  it('leaves out what was after the run, and whatever there was nothing of', () => {
    const { ready, ...rest } = sampleScaling();
    const longer = drawn(withScaling({ ...rest, ready: [...ready, { atMs: 1e6, consumers: 0 }] }));
    expect(path(longer, 'main')).toBe(path(page, 'main'));
    const empty = drawn(withScaling({ limits: { min: 1, max: 2 }, asked: [], ready: [], looks: [] }));
    expect(empty).toContain('The system asked for nothing.');
    expect(empty).not.toMatch(/NaN|Infinity/);
  });

  it('is none where nothing was scaled', () => {
    expect(drawn(sampleResults())).toBe('');
  });
});
