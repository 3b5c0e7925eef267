import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { renderScenarioPage } from '../../../../reports/html/scenario-page.js';
import { renderSuitePage } from '../../../../reports/html/suite-page.js';
import type { Results } from '../../../../reports/results.js';
import { parseHtml, type Tag } from '../../../fixtures/html.js';
import { rerunSuite, sampleResults, sampleScaling, sampleSuite } from '../../../fixtures/results.js';

const HOSTILE = `"'><script>alert(1)</script><img src=x onerror=alert(2)></style><!--]]>\u0000`;

/** Every string of the document, keys of records included, becomes hostile; what decides the layout stays. */
function poisoned(value: unknown, path: readonly string[] = []): unknown {
  const key = path.at(-1) ?? '';
  if (typeof value === 'string') return ['verdict', 'unit', 'histogram'].includes(key) ? value : HOSTILE;
  if (Array.isArray(value)) return value.map((item) => poisoned(item, [...path, 'item']));
  if (typeof value !== 'object' || value === null) return value;
  const record = ['counts', 'examples', 'places', 'cpu', 'eventLoop', 'system', 'redisConfig', 'options', 'stagesMs'];
  const own = Object.entries(value).map(([name, item]) => [name, poisoned(item, [...path, name])]);
  const added = record.includes(key) && own.length > 0 && !Array.isArray(value) ? [[HOSTILE, own[0]![1]]] : [];
  return Object.fromEntries([...own, ...added]);
}

function hostileResults(): Results {
  const results = sampleResults({ verdict: 'fail' });
  return poisoned({ ...results, scaling: sampleScaling(), definitions: { lost: 'x' } }) as Results;
}

const pages: [string, string][] = [
  ['passing', renderScenarioPage(sampleResults())],
  ['failing', renderScenarioPage(sampleResults({ verdict: 'fail' }))],
  ['inconclusive', renderScenarioPage(sampleResults({ verdict: 'inconclusive' }))],
  ['hostile', renderScenarioPage(hostileResults())],
  ['empty', renderScenarioPage(emptyResults())],
  [
    'suite',
    renderSuitePage(sampleSuite([sampleResults({ verdict: 'fail' })], ['gone']), [sampleResults({ verdict: 'fail' })]),
  ],
  ['suite with a run made again', renderSuitePage(rerunSuite(), [sampleResults()])],
  ['hostile suite with a run made again', renderSuitePage(poisoned(rerunSuite()) as never, [hostileResults()])],
  ['hostile suite', renderSuitePage(poisoned(sampleSuite([sampleResults()], ['gone'])) as never, [hostileResults()])],
  ['scaled', renderScenarioPage({ ...sampleResults(), scaling: sampleScaling() })],
];

describe.each(pages)('a page: %s', (_, page) => {
  const tags = parseHtml(page);
  const scripts = tags.filter(({ name, attributes }) => name === 'script' && attributes.type !== 'application/json');
  const meta = tags.find(({ attributes }) => attributes['http-equiv'] === 'Content-Security-Policy')!;
  const policy = meta.attributes.content!.replace(/&#39;/g, "'");

  test('is one file: nothing is fetched', () => {
    for (const { name, attributes } of tags) {
      expect(['link', 'img', 'iframe', 'object', 'embed', 'base', 'form']).not.toContain(name);
      expect(attributes).not.toHaveProperty('src');
    }
    for (const { raw } of tags.filter(({ name }) => name === 'style')) expect(raw).not.toMatch(/url\(|@import/);
  });

  test('runs and styles only what its policy names', () => {
    expect(policy).toContain("default-src 'none'");
    for (const { name, raw } of [...scripts, ...tags.filter((tag) => tag.name === 'style')]) {
      const directive = policy.split('; ').find((part) => part.startsWith(`${name}-src`))!;
      expect(directive).toContain(`sha256-${createHash('sha256').update(raw).digest('base64')}`);
    }
  });

  test('has no inline handlers or styles, and no scriptable links', () => {
    for (const { attributes } of tags) {
      for (const key of Object.keys(attributes)) expect(key).not.toMatch(/^on|^style$/);
      expect(attributes.href ?? '').not.toMatch(/^\s*[a-z]+:|^\/\//i);
    }
  });

  test('has unique ids, and links within the page that lead somewhere', () => {
    const ids = tags.flatMap(({ attributes }) => attributes.id ?? []);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { attributes } of tags) {
      if (attributes.href?.startsWith('#')) expect(ids).toContain(attributes.href.slice(1));
    }
  });

  test('has the landmarks, and one heading of the first level', () => {
    for (const name of ['header', 'main', 'footer', 'h1'])
      expect(tags.filter((tag) => tag.name === name)).toHaveLength(1);
    expect(tags.find(({ name }) => name === 'html')!.attributes.lang).toBe('en');
    for (const svg of tags.filter(({ name }) => name === 'svg')) {
      expect(svg.attributes['aria-hidden'] === 'true' || svg.attributes['aria-label'] !== undefined).toBe(true);
    }
  });
});

describe('hostile text', () => {
  test('is nowhere in a page but as text', () => {
    const clean = parseHtml(renderScenarioPage(sampleResults({ verdict: 'fail' })));
    const scripts = (tags: readonly Tag[]) => tags.filter(({ name }) => name === 'script').length;
    expect(scripts(parseHtml(pages[3]![1]))).toBe(scripts(clean));
    expect(pages[3]![1]).not.toContain('<script>alert');
    expect(pages[3]![1]).not.toContain('<img');
    expect(pages[3]![1]).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
  });

  test('in a log path makes no link out of the folder', () => {
    const logs = [
      'javascript:alert(1)',
      '../../etc/passwd',
      '/etc/passwd',
      '//host/x',
      'logs/a b"<.log',
      'logs\\..\\x',
    ];
    const hrefs = parseHtml(renderScenarioPage({ ...sampleResults(), logs })).flatMap(
      ({ attributes }) => attributes.href ?? [],
    );
    expect(hrefs).toContain('./logs/a%20b%22%3C.log');
    expect(hrefs).toContain('./javascript%3Aalert(1)');
    expect(hrefs.filter((href) => href.includes('etc') || href.includes('host'))).toEqual([]);
  });
});

describe('what a page says', () => {
  const failing = pages[1]![1];

  test('the verdict in words and a sign, before anything else', () => {
    expect(failing).toContain('<title>fail: latency-and-kill</title>');
    expect(failing).toMatch(/<span class="badge fail"><span aria-hidden="true">✕<\/span> fail<\/span>/);
  });

  test('the figures without a script: gates, ledger, stories, faults, a picture', () => {
    for (const text of [
      'never recovered: no three windows',
      '9f3c1a77d0e4b215-412007',
      'sent by producer-1',
      'probe PING took 43.1 ms',
    ]) {
      expect(failing).toContain(text);
    }
    expect(failing).toContain('trouble → ∞');
    expect(failing).toContain('⚡ slow-link · latency');
    expect(pages[2]![1]).toContain('✕ consumer-dies · kill (did not take hold)');
  });

  test('which gates were left out, and why', () => {
    const gatesLeftOut = [{ expression: 'overlapped == 0', reason: 'driver x promises no order' }];
    const page = renderScenarioPage({ ...sampleResults(), gatesLeftOut });
    expect(page).toContain('Left out: <code>overlapped == 0</code>. driver x promises no order.');
    expect(failing).not.toContain('Left out:');
  });

  test('the slowest messages, each with its story', () => {
    const page = renderScenarioPage(sampleResults());
    expect(page).toContain('The slowest messages of each phase: 1');
    expect(page).toContain('latency 2.2');
  });

  test('what failed comes first among the gates', () => {
    const table = failing.slice(failing.indexOf('id="gates"'), failing.indexOf('id="ledger"'));
    const verdicts = [...table.matchAll(/badge (pass|fail|unsure)/g)].map((match) => match[1]);
    expect(verdicts.slice(0, 4)).toEqual(['fail', 'fail', 'fail', 'pass']);
  });
});

test('ten minutes of load make less than 1.5 MB', () => {
  const results = sampleResults({ verdict: 'fail', steadyMs: 565_000 });
  expect(Buffer.byteLength(renderScenarioPage(results))).toBeLessThan(1_500_000);
});

test('fifty long stories in every class make less than 1.5 MB', () => {
  const results = sampleResults({ verdict: 'fail' });
  const story = results.ledger.examples.lost![0]!;
  const events = Array.from({ length: 25 }, (_, i) => ({ atMs: i, text: 'x'.repeat(120) }));
  const stories = Array.from({ length: 50 }, () => ({ ...story, events }));
  const examples = Object.fromEntries(Object.keys(results.ledger.counts).map((name) => [name, stories]));
  const page = renderScenarioPage({ ...results, ledger: { ...results.ledger, examples } });
  expect(Buffer.byteLength(page)).toBeLessThan(1_500_000);
});

function emptyResults(): Results {
  const results = sampleResults({ withHeatMap: false });
  const none = {
    ...results.overall.e2e,
    summary: { count: 0, p50: null, p90: null, p99: null, p999: null, max: null },
  };
  const { series } = results;
  const columns = Object.entries(series).map(([key, value]) => [
    key,
    Array.isArray(value) ? [] : typeof value === 'object' ? {} : value,
  ]);
  return {
    ...results,
    overall: { e2e: none, done: none, publish: none, uncorrected: none },
    gates: [],
    phases: [],
    faults: [],
    events: [],
    system: {},
    logs: [],
    ledger: { ...results.ledger, counts: {}, examples: {}, slowest: [] },
    series: Object.fromEntries(columns) as Results['series'],
  };
}
