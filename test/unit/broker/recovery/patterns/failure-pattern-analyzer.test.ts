import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FailurePatternAnalyzer } from '../../../../../broker/recovery/patterns/failure-pattern-analyzer.js';
import { analyzeRun, failureOf, type GroupRun } from '../../../../fixtures/analyzed-group.js';

const END_MS = 119_999;
const found = (run: GroupRun) => {
  const [pattern] = analyzeRun(run).patterns((run.seconds ?? 120) * 1_000 - 1);
  return { nature: pattern?.nature, findings: pattern?.findings.map(({ kind }) => kind), pattern };
};
const no = 'cannot do it';

describe('the failure pattern analyzer', () => {
  it('tells one message that fails each time from all that pass', () => {
    const { nature, findings, pattern } = found({
      maxAttempts: 8,
      fails: ({ id }) => (id === 'm-1000' ? no : undefined),
    });
    expect([nature, findings]).toEqual(['poison', ['one-message']]);
    expect(pattern!.evidence).toMatchObject({
      failures: 8,
      messages: 1,
      retries: 7,
      failedAgain: 7,
      examples: ['m-1000'],
    });
  });

  it.each<[string, string, string, GroupRun['fails']]>([
    ['one key', 'poison', 'one-key', ({ key }) => (key === 'k7' ? no : undefined)],
    ['one partition', 'systemic', 'one-partition', ({ partition }) => (partition === 3 ? no : undefined)],
    ['one member', 'systemic', 'one-consumer', ({ consumer }) => (consumer === 'c2' ? no : undefined)],
    ['one kind', 'systemic', 'one-kind', ({ kind }) => (kind === 'refund' ? no : undefined)],
    ['an outage', 'systemic', 'burst', (_, second) => (second >= 50 && second < 65 ? no : undefined)],
    ['what flaps', 'systemic', 'periodic', (_, second) => (second % 15 < 5 ? no : undefined)],
    ['what grows', 'transient', 'growing', (_, second, random) => (random() < second / 1_000 ? no : undefined)],
  ])('finds %s', (_, nature, kind, fails) => {
    const { nature: said, findings, pattern } = found({ fails });
    expect([said, findings]).toEqual([nature, [kind]]);
    for (const { confidence } of pattern!.findings) expect(confidence).toBeGreaterThan(0.99);
    expect(pattern!.template).toBe('Error: cannot do it');
  });

  it('finds what began after a deployment, and is not misled by one', () => {
    const broken: GroupRun['fails'] = ({ kind }, second) => (kind === 'refund' && second >= 62 ? no : undefined);
    expect(found({ deployedAt: 60, fails: broken }).findings).toEqual(['one-kind', 'after']);
    const as =
      (share: number): GroupRun['fails'] =>
      (_, _second, random) =>
        random() < share ? no : undefined;
    expect(found({ deployedAt: 60, fails: as(0.05) }).findings).toEqual([]);
  });

  it('takes the handler’s word that no retry helps', () => {
    const analyzer = new FailurePatternAnalyzer();
    for (let i = 0; i < 2_000; i++) {
      const message = { id: `m${i}`, key: `k${i % 90}`, partition: i % 7, consumer: 'c', kind: undefined };
      if (i % 50 === 0) analyzer.failed(message, [{ ...failureOf(no), permanent: true }], i * 20);
      else if (analyzer.isNext()) analyzer.passed(message, i * 20);
    }
    expect(analyzer.patterns(40_000)).toMatchObject([{ nature: 'poison', evidence: { failures: 40, messages: 40 } }]);
  });

  it('calls nothing poison while nothing else is handled', () => {
    const analyzer = new FailurePatternAnalyzer();
    for (let i = 0; i < 30; i++) {
      const message = { id: `m${i}`, key: `k${i}`, partition: i % 7, consumer: 'c', kind: undefined };
      const failures = [1, 2, 3].map(() => failureOf(no));
      for (const attempt of [1, 2, 3]) analyzer.failed(message, failures.slice(0, attempt), 5_000 * (attempt - 1));
    }
    expect(analyzer.patterns(11_000)).toMatchObject([{ nature: 'systemic' }]);
  });

  it('finds nothing in failures here and there, and calls them transient', () => {
    for (const seed of [1, 2, 3, 4, 5]) {
      const { nature, findings } = found({ seed, fails: (_, _second, random) => (random() < 0.05 ? no : undefined) });
      expect([nature, findings]).toEqual(['transient', []]);
    }
  });

  it('is not misled by a key that fails more because it has more', () => {
    const { findings } = found({
      fails: ({ key }, _second, random) => (random() < 0.1 && (key === 'k7' || random() < 0.2) ? no : undefined),
    });
    expect(findings).toEqual([]);
  });

  it('tells causes apart, and merges those that differ in ids and names', () => {
    const analyzer = analyzeRun({
      fails: ({ id, key, kind }) => {
        if (key === 'k7') return `no price for ${id} of ${id.endsWith('1') ? 'ann' : 'bob'}`;
        return kind === 'refund' ? `shop ${id} at 10.0.0.1:80 does not answer` : undefined;
      },
    });
    const patterns = analyzer.patterns(END_MS);
    expect(patterns.map(({ template }) => template)).toEqual([
      'Error: shop <id> at <address> does not answer',
      'Error: no price for <id> of <*>',
    ]);
    expect(patterns[1]!.fingerprints).toHaveLength(2);
  });

  it('says nothing of a few failures, nor of none', () => {
    expect(new FailurePatternAnalyzer().patterns(0)).toEqual([]);
    expect(
      analyzeRun({ fails: ({ id }) => (['m-1', 'm-2', 'm-3'].includes(id) ? no : undefined), maxAttempts: 1 }).patterns(
        END_MS,
      ),
    ).toEqual([]);
  });

  it('stays small under a flood of messages that have nothing in common, and remembers what it knew', () => {
    const analyzer = analyzeRun({ fails: ({ key }) => (key === 'k7' ? no : undefined) });
    const words = (i: number) =>
      Array.from({ length: 12 }, (_, w) => `${'abcdefghij'[(i >> w) % 10]}${'klmnopqr'[(i * (w + 3)) % 8]}`);
    for (let i = 0; i < 20_000; i++) {
      const message = { id: `f-${i}`, key: 'k'.repeat(60_000), partition: 0, consumer: 'c0', kind: undefined };
      analyzer.failed(message, [failureOf(words(i).join(' '), `E${i % 500}`)], END_MS);
    }
    expect(analyzer.size.causes).toBeLessThanOrEqual(64);
    expect(analyzer.size.templates).toBeLessThanOrEqual(1_024);
    expect(analyzer.size.fingerprints).toBeLessThanOrEqual(1_024);
    const patterns = analyzer.patterns(END_MS);
    expect(patterns.length).toBeLessThanOrEqual(16);
    expect(patterns[0]!.findings.map(({ kind }) => kind)).toContain('one-key');
  });

  it('says the same whatever the order of what happened within a second', () => {
    const failing = (i: number) => ({
      id: `m${i}`,
      key: i % 4 === 0 ? 'k7' : `k${i}`,
      partition: i % 3,
      consumer: 'c',
      kind: undefined,
    });
    const seconds = Array.from({ length: 40 }, (_, s) => [4 * s, 4 * s + 1]);
    const say = (orders: readonly (readonly number[])[]) => {
      const analyzer = new FailurePatternAnalyzer();
      for (const [s, order] of orders.entries()) {
        for (const i of order) analyzer.failed(failing(i), [failureOf(no)], s * 1_000);
        for (let i = 0; i < 8; i++)
          if (analyzer.isNext()) analyzer.passed({ ...failing(4 * i + 1), key: `p${i}` }, s * 1_000);
      }
      const { evidence, ...rest } = analyzer.patterns(39_999)[0]!;
      return { ...rest, evidence: { ...evidence, examples: [] } };
    };
    const expected = say(seconds);
    const shuffled = fc.tuple(...seconds.map((ids) => fc.shuffledSubarray(ids, { minLength: ids.length })));
    fc.assert(
      fc.property(shuffled, (orders) => {
        expect(say(orders)).toEqual(expected);
      }),
      { numRuns: 30 },
    );
  });
});
