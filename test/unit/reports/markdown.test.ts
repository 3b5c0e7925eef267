import { describe, expect, test } from 'vitest';
import { renderMarkdown } from '../../../reports/markdown.js';
import { rerunSuite, sampleResults, sampleSuite } from '../../fixtures/results.js';

describe('summary.md', () => {
  test('has a row a scenario, and the gates that did not pass', () => {
    const all = [sampleResults({ name: 'good' }), sampleResults({ name: 'bad', verdict: 'fail' })];
    const text = renderMarkdown(sampleSuite(all, ['redis-gone']), all);
    expect(text).toContain('## Gauntlet: ❌ fail');
    expect(text).toContain('1 of 3 scenarios passed');
    expect(text).toMatch(/\| good \| ✅ pass \| 99\.99 % \| 0 \|/);
    expect(text).toMatch(/\| redis-gone \| ⚠️ error \| – \|/);
    expect(text).toContain('| bad | <code>lost == 0</code> | ❌ fail | 37 | = 0 | 37 outside |');
    expect(text).not.toContain('| good | <code>');
  });

  test('lists trouble with the instrument', () => {
    const results = sampleResults({ verdict: 'inconclusive' });
    expect(renderMarkdown(sampleSuite([results]), [results])).toContain('the generator made 87.1 % of its plan');
  });

  test('says which verdict is not of the first run, and what was before it', () => {
    const results = sampleResults({ name: 'steady' });
    const text = renderMarkdown(rerunSuite(results), [results]);
    expect(text).toContain('### Run again\n\n- **steady**: run 3 of at most 3; before it, inconclusive:\n');
    expect(text).toContain('    - <code>steady.inconclusive-1</code>: latency.p99 &#60; 10ms is inconclusive.\n');
    expect(text).toContain('    - <code>steady.inconclusive-2</code>: the generator fell behind.\n');
    expect(renderMarkdown(sampleSuite([results]), [results])).not.toContain('Run again');
  });

  test('a name cannot break a row, link, mention or inject markup', () => {
    const results = sampleResults({ name: 'a|b\n| c | [x](y) @all <img src=x> `code` https://x' });
    const rows = renderMarkdown(sampleSuite([results]), [results]).split('\n');
    const row = rows.find((line) => line.includes('✅ pass |'))!;
    expect(row.match(/\|/g)).toHaveLength(8);
    expect(row).not.toMatch(/[<@`[]|https:/);
  });

  test('stays far below a mebibyte however large the suite', () => {
    const one = sampleResults({ verdict: 'fail', name: 'x'.repeat(5000) });
    const all = Array.from({ length: 1000 }, () => one);
    expect(renderMarkdown(sampleSuite(all), all).length).toBeLessThan(500_000);
  });
});
