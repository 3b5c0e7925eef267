import { runHistory } from './earlier-runs.js';
import { formatInterval, formatLimit, formatMargin, formatObserved } from './format.js';
import { ledgerExamples } from './ledger-counts.js';
import type { GateResult, Results, Story, Suite } from './results.js';
import { type SuiteRow, suiteRows, troubles } from './suite.js';

const EXAMPLES = 5;

interface Case {
  readonly name: string;
  readonly outcome?: { readonly element: 'failure' | 'error'; readonly type: string; readonly message: string };
  readonly text?: string;
}

/**
 * junit.xml: a scenario is a suite, a gate a test case. A failed gate is a `failure`; an inconclusive gate and trouble
 * with the environment or the instrument are an `error`, never `skipped`, which CI shows as green. Valid against the
 * Jenkins xUnit plugin's junit-10.xsd and Windy Road's JUnit.xsd (Ant), which is the stricter: attributes of
 * `testsuite`, no attributes on `testsuites`, one outcome per test case, timestamps without a zone.
 */
export function renderJunit(suite: Suite, results: readonly Results[]): string {
  const suites = suiteRows(suite, results).map((row, id) => renderSuite(row, id, suite));
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n${suites.join('')}</testsuites>\n`;
}

function renderSuite({ entry, results }: SuiteRow, id: number, suite: Suite): string {
  const cases = results === undefined ? [neverRan(entry.verdict, entry.reason)] : casesOf(results);
  if (results !== undefined && entry.verdict === 'interrupted') cases.push(neverRan(entry.verdict, entry.reason));
  const count = (element: string) => cases.filter((one) => one.outcome?.element === element).length;
  const name = token(entry.folder ?? entry.name);
  const attributes = {
    name,
    package: 'gauntlet',
    id: String(id),
    timestamp: timestamp(results?.run.startedAt ?? suite.startedAt),
    hostname: 'localhost',
    tests: String(cases.length),
    failures: String(count('failure')),
    errors: String(count('error')),
    time: (Math.max(0, entry.durationMs) / 1000).toFixed(3),
  };
  const history = runHistory(suite, entry);
  const said = `${entry.verdict}: ${entry.reason}${history === undefined ? '' : `\n${history}`}`;
  const properties = results === undefined ? [] : propertiesOf(results);
  return [
    `  <testsuite ${Object.entries(attributes)
      .map(([key, value]) => `${key}="${xml(value)}"`)
      .join(' ')}>\n`,
    '    <properties>\n',
    ...properties.map(([key, value]) => `      <property name="${xml(token(key))}" value="${xml(value)}"/>\n`),
    '    </properties>\n',
    ...cases.map((one) => renderCase(one, `gauntlet.${name}`)),
    `    <system-out>${xml(said)}</system-out>\n`,
    '    <system-err></system-err>\n',
    '  </testsuite>\n',
  ].join('');
}

function renderCase({ name, outcome, text }: Case, classname: string): string {
  const head = `    <testcase name="${xml(token(name))}" classname="${xml(token(classname))}" time="0"`;
  if (outcome === undefined) return `${head}/>\n`;
  const { element, type, message } = outcome;
  return `${head}>\n      <${element} type="${type}" message="${xml(message)}">${xml(text ?? message)}</${element}>\n    </testcase>\n`;
}

function casesOf(results: Results): Case[] {
  const cases = results.gates.map((gate) => gateCase(gate, results));
  const found = troubles(results);
  const inconclusive = results.verdict === 'inconclusive' && !results.gates.some((gate) => gate.verdict !== 'pass');
  const reasons = found.length > 0 ? found : inconclusive ? [results.reason] : [];
  cases.push(
    reasons.length === 0 || results.verdict === 'pass'
      ? { name: 'instrument' }
      : {
          name: 'instrument',
          outcome: { element: 'error', type: 'inconclusive', message: reasons[0]! },
          text: reasons.join('\n'),
        },
  );
  return cases;
}

function gateCase(gate: GateResult, results: Results): Case {
  const name = gate.implicit ? `${gate.expression} (implicit)` : gate.expression;
  if (gate.verdict === 'pass') return { name };
  const observed = formatObserved(gate);
  const figures = [
    `observed ${observed}, limit ${formatLimit(gate)}, margin ${formatMargin(gate)}`,
    `interval at ${gate.confidence * 100} %: ${formatInterval(gate)}; samples ${gate.samples}; scope ${gate.scope}`,
    ...(gate.note === null ? [] : [gate.note]),
  ];
  const examples = ledgerExamples(results, gate.metric).slice(0, EXAMPLES).map(renderStory);
  const failed = gate.verdict === 'fail';
  const message = `${gate.expression}: observed ${observed}${gate.note === null ? '' : ` (${gate.note})`}`;
  return {
    name,
    outcome: { element: failed ? 'failure' : 'error', type: failed ? 'gate' : 'inconclusive', message },
    text: [...figures, ...examples].join('\n'),
  };
}

function renderStory(story: Story): string {
  const during = story.faults.length === 0 ? '' : `, during ${story.faults.join(', ')}`;
  const lines = story.events.map((event) => `    ${event.atMs.toFixed(1)} ms ${event.text}`);
  return [`  message ${story.id} (key ${story.key ?? 'none'}, phase ${story.phase}${during})`, ...lines].join('\n');
}

function neverRan(verdict: string, reason: string): Case {
  const outcome = { element: 'error', type: verdict, message: reason } as const;
  return { name: verdict === 'interrupted' ? 'run to the end' : 'run', outcome };
}

function propertiesOf({ run, verdict }: Results): [string, string][] {
  return [
    ['verdict', verdict],
    ['run', run.id],
    ['seed', String(run.seed)],
    ['command', run.command],
    ['driver', `${run.driver.name} ${run.driver.version}`],
    ['redis', run.versions.redis],
    ['toxiproxy', run.versions.toxiproxy],
    ['node', run.versions.node],
    ['commit', run.gitCommit ?? 'unknown'],
  ];
}

function timestamp(iso: string): string {
  const time = new Date(iso);
  return (Number.isNaN(time.getTime()) ? new Date(0) : time).toISOString().slice(0, 19);
}

/** xs:token with at least one character: no line breaks, no doubled or outer blanks. */
function token(text: string): string {
  return stripControls(text).replace(/\s+/g, ' ').trim() || 'unnamed';
}

function xml(text: string): string {
  return stripControls(text).replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;');
}

/** XML 1.0 has no way to write these, escaped or not; lone surrogates are no characters either. */
function stripControls(text: string): string {
  return text.replace(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '\uFFFD');
}
