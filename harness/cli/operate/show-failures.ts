import type { FailureFinding, FailurePattern } from '../../../broker/index.js';
import type { Colours } from '../../colours.js';
import { plain } from './terminal-text.js';

const TEMPLATE_CHARACTERS = 160;

/** Some lines: what it is, what was found, and what to do. */
export function renderPattern(pattern: FailurePattern, pc: Colours): string {
  const { template, nature, confidence, findings, evidence, fingerprints } = pattern;
  const { failures, messages, firstMs, lastMs, examples } = evidence;
  const sure = confidence > 0 ? ` (${percent(confidence)})` : '';
  return [
    `${pc.bold(plain(template).slice(0, TEMPLATE_CHARACTERS))}`,
    `  ${pc.bold(nature)}${sure}: ${failures} failures of ${messages} messages, ${timeOf(firstMs)} to ${timeOf(lastMs)}`,
    ...findings.map((finding) => `  ${describe(finding)} (${percent(finding.confidence)})`),
    `  ${pc.dim('such as')} ${examples.map(plain).join(', ')}`,
    `  ${pc.dim('fingerprints')} ${fingerprints.join(', ')}`,
    ...remedies(pattern).map((remedy) => `  ${pc.dim('to do:')} ${remedy}`),
  ].join('\n');
}

function describe(finding: FailureFinding): string {
  switch (finding.kind) {
    case 'one-message':
      return `one message: ${plain(finding.value)}`;
    case 'one-key':
    case 'one-partition':
    case 'one-consumer':
    case 'one-kind': {
      const { value, failuresThere, passedThere } = finding;
      const what = finding.kind.replace('-', ' ');
      return `${what} ${plain(value)}: ${percent(failuresThere)} of what fails, ${percent(passedThere)} of what passes`;
    }
    case 'burst':
      return `burst: ${percent(finding.share)} of it from ${timeOf(finding.fromMs)} to ${timeOf(finding.untilMs)}`;
    case 'periodic':
      return `periodic: about every ${Math.round(finding.periodMs / 1_000)} s`;
    case 'growing':
      return `growing: from ${percent(finding.fromShare)} to ${percent(finding.toShare)} of the messages`;
    case 'after':
      return `after ${plain(finding.event)} at ${timeOf(finding.eventAtMs)}`;
    default:
      return finding satisfies never;
  }
}

function remedies({ nature, findings, fingerprints }: FailurePattern): string[] {
  const places = findings.flatMap(({ kind }) => PLACE_REMEDIES[kind] ?? []);
  const redrive = `gauntlet broker dlq redrive <topic> <group> --fingerprint ${fingerprints[0] ?? '<f>'}`;
  return [...places, ...NATURE_REMEDIES[nature], ...(nature === 'unclear' ? [] : [`once that is done: ${redrive}`])];
}

const PLACE_REMEDIES: Readonly<Partial<Record<FailureFinding['kind'], string>>> = {
  'one-consumer': 'look at that member: its host, its version, its connections; replace it.',
  'one-partition': 'look at what the messages of that partition share, and at its owner.',
  'one-kind': 'look at the code that handles this kind, and at what it calls.',
  'one-key': 'look at the record behind this key.',
  after: 'compare what runs now with what ran before.',
};

const NATURE_REMEDIES: Readonly<Record<FailurePattern['nature'], readonly string[]>> = {
  poison: ['mend the messages or the handler: further attempts do not help.'],
  systemic: ['mend what is broken there: the messages are sound.'],
  transient: ['nothing, if another attempt helps; else fewer calls at a time.'],
  unclear: ['wait for more of it.'],
};

function percent(share: number): string {
  const text = (100 * share).toFixed(share > 0.99 && share < 1 ? 2 : 0);
  return `${text === '100.00' ? '> 99.99' : text} %`;
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString();
}
