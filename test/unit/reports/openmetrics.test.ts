import { describe, expect, test } from 'vitest';
import { renderOpenMetrics } from '../../../reports/openmetrics.js';
import { sampleResults } from '../../fixtures/results.js';

const SAMPLE =
  /^([a-z_:]+)\{((?:[a-z_]+="(?:[^"\\\n]|\\["\\n])*",?)+)\} (-?[\d.e+-]+|[+-]Inf)(?: # \{([a-z_]+="(?:[^"\\\n]|\\["\\n])*")\} ([\d.e+-]+))?$/;

interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  readonly exemplar: number | undefined;
}

/** The rules of OpenMetrics text that apply to the types in use. */
function parse(text: string): Sample[] {
  expect(text.endsWith('\n# EOF\n')).toBe(true);
  const samples: Sample[] = [];
  const families = new Map<string, string>();
  let family = '';
  for (const line of text.slice(0, -'# EOF\n'.length).trimEnd().split('\n')) {
    const meta = /^# (HELP|TYPE|UNIT) ([a-z_]+) (.+)$/.exec(line);
    if (meta !== null) {
      const [, kind, name, value] = meta;
      if (kind === 'HELP') {
        expect(families.has(name!), `${name} twice`).toBe(false);
        family = name!;
      }
      expect(name).toBe(family);
      if (kind === 'TYPE') families.set(name!, value!);
      if (kind === 'UNIT') expect(name!.endsWith(`_${value}`)).toBe(true);
      continue;
    }
    const match = SAMPLE.exec(line);
    expect(match, line).not.toBeNull();
    const [, name, labels, value, , exemplar] = match!;
    const suffix = { info: /_info$/, histogram: /_(bucket|count|sum)$/ }[families.get(family)!] ?? /$/;
    expect(name!.replace(suffix, '')).toBe(family);
    const pairs = [...labels!.matchAll(/([a-z_]+)="((?:[^"\\]|\\.)*)"/g)].map(([, key, text]) => [key, text]);
    samples.push({
      name: name!,
      labels: Object.fromEntries(pairs),
      value: value === '+Inf' ? Infinity : Number(value),
      exemplar: exemplar === undefined ? undefined : Number(exemplar),
    });
  }
  const keys = samples.map(({ name, labels }) => name + JSON.stringify(labels));
  expect(new Set(keys).size).toBe(keys.length);
  return samples;
}

describe('metrics.txt', () => {
  const results = sampleResults({ verdict: 'fail' });
  const samples = parse(renderOpenMetrics(results));
  const buckets = (phase: string) =>
    samples.filter(
      ({ name, labels }) =>
        name === 'gauntlet_latency_seconds_bucket' && labels.kind === 'e2e' && labels.phase === phase,
    );

  test('states exactly one verdict', () => {
    const states = samples.filter(({ name }) => name === 'gauntlet_verdict');
    expect(states.map(({ labels, value }) => [labels.gauntlet_verdict, value])).toEqual([
      ['pass', 0],
      ['fail', 1],
      ['inconclusive', 0],
    ]);
  });

  test('histograms are cumulative, end at +Inf with all messages, and agree with the percentiles', () => {
    for (const phase of results.phases) {
      const own = buckets(phase.name);
      const counts = own.map(({ value }) => value);
      expect(counts).toEqual([...counts].sort((a, b) => a - b));
      expect(own.at(-1)!.labels.le).toBe('+Inf');
      const total = phase.e2e.summary.count + phase.e2e.undelivered;
      expect(counts.at(-1)).toBe(total);
      const first = own.find(({ value }) => value >= 0.99 * total)!;
      expect(Number(first.labels.le) * 1000 * 1.001).toBeGreaterThanOrEqual(phase.e2e.summary.p99!);
    }
  });

  test('a message with a latency is the exemplar of its bucket', () => {
    const [bucket, ...others] = buckets('trouble').filter(({ exemplar }) => exemplar !== undefined);
    expect(others).toEqual([]);
    expect(bucket!.labels.le).toBe('0.003');
    expect(bucket!.exemplar).toBe(0.0022);
  });

  test('any text can be a label', () => {
    const hostile = sampleResults({ name: 'a"b\\c\nd{e="f"} # EOF' });
    expect(parse(renderOpenMetrics(hostile))[0]!.labels.scenario).toBe('a\\"b\\\\c\\nd{e=\\"f\\"} # EOF');
  });
});
