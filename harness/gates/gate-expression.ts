import type { ScenarioNames } from '../scenario/fault-time.js';
import { GATE_OPERATORS, type Gate, type GateOperator, type GateScope, type Quantity } from '../scenario/scenario.js';
import { didYouMean } from '../scenario/suggest.js';
import { formatDuration, formatRate, formatShare, parseDuration, parseRate, parseShare } from '../scenario/units.js';
import type { Metric } from './metric.js';

/** What a gate may name. */
export interface GateVocabulary {
  readonly metrics: readonly Metric[];
  findMetric(name: string): Metric | undefined;
  readonly names: ScenarioNames;
}

/** What is wrong with a gate's text, and where in it. */
export interface GateProblem {
  readonly code: 'bad-value' | 'bad-reference' | 'impossible';
  readonly message: string;
  /** Offset and length. */
  readonly span: readonly [number, number];
}

export type GateResult = { readonly gate: Gate } | { readonly problem: GateProblem };

export const GATE_FORM =
  'metric op value [during PHASE, ... | after FAULT [lifted] | outside faults | overall] [with confidence P]';

const SLIPS: Readonly<Record<string, GateOperator>> = {
  '=': '==',
  '===': '==',
  '=>': '>=',
  '=<': '<=',
  '<>': '!=',
  '!': '!=',
  '≤': '<=',
  '≥': '>=',
  '≠': '!=',
};

class GateSyntax extends Error {
  readonly problem: GateProblem;
  constructor(code: GateProblem['code'], message: string, start: number, length: number) {
    super(message);
    this.problem = { code, message, span: [start, Math.max(1, length)] };
  }
}

/** `gate := metric op value [unit] [scope] [with confidence P]`. */
export function parseGate(text: string, vocabulary: GateVocabulary): GateResult {
  try {
    return { gate: read(text, vocabulary) };
  } catch (error) {
    if (error instanceof GateSyntax) return { problem: error.problem };
    throw error;
  }
}

/** The canonical text, which parses to the same gate. */
export function formatGate(gate: Pick<Gate, 'metric' | 'operator' | 'limit' | 'scope' | 'confidence'>): string {
  const scope = formatScope(gate.scope);
  const confidence = gate.confidence === undefined ? '' : ` with confidence ${formatShare(gate.confidence)}`;
  return `${gate.metric} ${gate.operator} ${formatQuantity(gate.limit)}${scope === '' ? '' : ` ${scope}`}${confidence}`;
}

/** `during steady, after`, `after master-dies`; empty for the default. */
export function formatScope(scope: GateScope): string {
  switch (scope.kind) {
    case 'default':
      return '';
    case 'overall':
      return 'overall';
    case 'during':
      return `during ${scope.phases.join(', ')}`;
    case 'after':
      return `after ${scope.fault}${scope.lifted ? ' lifted' : ''}`;
    case 'outside-faults':
      return 'outside faults';
    default:
      return scope satisfies never;
  }
}

/** A limit or an observed value as a person writes it. */
export function formatQuantity({ value, unit }: Quantity): string {
  switch (unit) {
    case 'ms':
      return formatDuration(value);
    case 'share':
      return formatShare(value);
    case 'per-sec':
      return formatRate(value);
    case 'count':
    case 'number':
      return String(value);
    default:
      return unit satisfies never;
  }
}

function read(text: string, vocabulary: GateVocabulary): Gate {
  const head = /^(\s*)([A-Za-z][\w.*-]*)?(\s*)([=<>!≤≥≠]*)(\s*)/.exec(text);
  const [matched = '', indent = '', name = '', gap = '', written = ''] = head ?? [];
  if (name === '') throw new GateSyntax('bad-value', `expected ${GATE_FORM}.`, indent.length, text.length);
  const metric = metricNamed(name, indent.length, vocabulary);
  const operator = operatorOf(written, name, indent.length + name.length + gap.length);
  const rest = text.slice(matched.length);

  const valueText = /^[^\s,]*(?:\s+(?:us|ms|s|m|h|%|\/s|\/min|\/h)(?=\s|$))?/.exec(rest)?.[0] ?? '';
  const limit = limitOf(valueText, metric, name, matched.length);

  const tailStart = matched.length + valueText.length;
  const tail = text.slice(tailStart);
  const confidenceAt = /(?:^|\s)with(?:\s|$)/.exec(tail);
  const scopeText = confidenceAt === null ? tail : tail.slice(0, confidenceAt.index);
  const scope = scopeOf(scopeText, tailStart, vocabulary.names);
  const gate: Gate = { text: text.trim(), metric: name, operator, limit, scope, implicit: false };
  checkScope(gate, metric, indent.length, text);
  if (confidenceAt === null) return gate;
  const confidenceText = tail.slice(confidenceAt.index);
  const confidence = confidenceOf(confidenceText, tailStart + confidenceAt.index);
  if (metric.hasInterval) return { ...gate, confidence };
  const message = `${name} has no interval to be confident about; leave out with confidence.`;
  throw new GateSyntax('impossible', message, tailStart + confidenceAt.index + 1, confidenceText.trim().length);
}

function metricNamed(name: string, start: number, vocabulary: GateVocabulary): Metric {
  const metric = name.includes('*') ? undefined : vocabulary.findMetric(name);
  if (metric !== undefined) return metric;
  const known = vocabulary.metrics.map((one) => one.name);
  const hint = didYouMean(name, known) || ` There are: ${known.join(', ')}.`;
  throw new GateSyntax('bad-value', `no metric is named "${name}".${hint}`, start, name.length);
}

function operatorOf(written: string, name: string, start: number): GateOperator {
  const operator = GATE_OPERATORS.find((one) => one === written);
  if (operator !== undefined) return operator;
  const meant = SLIPS[written];
  const hint = meant === undefined ? '' : ` Did you mean "${meant}"?`;
  const got = written === '' ? `no operator after ${name}` : `"${written}" is no operator`;
  throw new GateSyntax(
    'bad-value',
    `${got}; expected one of ${GATE_OPERATORS.join(' ')}.${hint}`,
    start,
    written.length,
  );
}

function limitOf(written: string, metric: Metric, name: string, start: number): Quantity {
  const share = parseShare(written);
  if (share !== undefined && (metric.unit === 'share' || metric.alsoShare)) return { value: share, unit: 'share' };
  const value = parseAs(written, metric.unit);
  if (value !== undefined) return { value, unit: metric.unit };
  const also = metric.alsoShare ? ', or a share such as 0.1%' : '';
  const got = written === '' ? `no limit for ${name}` : `"${written}" does not fit ${name}`;
  throw new GateSyntax('bad-value', `${got}; expected ${LIMITS[metric.unit]}${also}.`, start, written.length);
}

export const LIMITS: Readonly<Record<Metric['unit'], string>> = {
  ms: 'a duration with its unit such as 25ms or 5s',
  share: 'a share such as 99.9%',
  count: 'a whole number such as 0',
  'per-sec': 'a rate such as 10000/s',
  number: 'a plain number such as 1.5',
};

function parseAs(written: string, unit: Metric['unit']): number | undefined {
  switch (unit) {
    case 'ms':
      return written === '0' ? 0 : parseDuration(written);
    case 'share':
      return undefined;
    case 'per-sec':
      return written === '0' ? 0 : parseRate(written);
    case 'count':
      return /^\d{1,15}$/.test(written) ? Number(written) : undefined;
    case 'number':
      return /^\d{1,15}(\.\d{1,15})?$/.test(written) ? Number(written) : undefined;
    default:
      return unit satisfies never;
  }
}

function scopeOf(text: string, offset: number, names: ScenarioNames): GateScope {
  const trimmed = text.trim();
  if (trimmed === '') return { kind: 'default' };
  const start = offset + text.indexOf(trimmed);
  const [, word = '', rest = ''] = /^(\S+)\s*(.*)$/.exec(trimmed) ?? [];
  const restStart = start + trimmed.length - rest.length;
  if (trimmed === 'overall') return { kind: 'overall' };
  if (/^outside\s+faults$/.test(trimmed)) return { kind: 'outside-faults' };
  if (word === 'during') {
    const phases = rest.split(',').map((phase) => phase.trim());
    for (const phase of phases) requireName('phase', phase, names.phases, rest, restStart);
    return { kind: 'during', phases };
  }
  if (word === 'after') {
    const fault = rest.replace(/\s+lifted$/, '');
    requireName('fault', fault, names.faults, rest, restStart);
    return { kind: 'after', fault, ...(fault !== rest && { lifted: true }) };
  }
  const scopes = 'during PHASE, after FAULT, outside faults or overall';
  const hint = didYouMean(word, ['during', 'after', 'outside', 'overall']);
  throw new GateSyntax('bad-value', `"${trimmed}": expected ${scopes}.${hint}`, start, trimmed.length);
}

function requireName(kind: string, wanted: string, known: readonly string[], within: string, start: number): void {
  if (known.includes(wanted)) return;
  const there = known.length === 0 ? ` The scenario has no ${kind}s.` : ` There are: ${known.join(', ')}.`;
  const message =
    wanted === ''
      ? `expected the name of a ${kind}.${there}`
      : `no ${kind} is named "${wanted}".${didYouMean(wanted, known) || there}`;
  throw new GateSyntax('bad-reference', message, start + Math.max(0, within.indexOf(wanted)), wanted.length);
}

function confidenceOf(text: string, offset: number): number {
  const trimmed = text.trim();
  const level = parseShare(/^with\s+confidence\s+(\S+)$/.exec(trimmed)?.[1] ?? '');
  if (level !== undefined && level >= 0.5 && level < 1) return level;
  const message = `"${trimmed}": expected with confidence and a level from 50% to below 100%, such as with confidence 95%.`;
  throw new GateSyntax('bad-value', message, offset + text.indexOf(trimmed), trimmed.length);
}

function checkScope(gate: Gate, metric: Metric, indent: number, text: string): void {
  const allowed = metric.scopes;
  if (allowed === undefined || allowed.includes(gate.scope.kind)) return;
  const forms = allowed.map((kind) => SCOPE_FORMS[kind]).filter((form) => form !== '');
  const bare = allowed.includes('default') ? 'no scope, ' : '';
  const message = `${gate.metric} cannot be judged ${formatScope(gate.scope) || 'without a scope'}; expected ${bare}${forms.join(', ')}.`;
  throw new GateSyntax('impossible', message, indent, text.trim().length);
}

const SCOPE_FORMS: Readonly<Record<GateScope['kind'], string>> = {
  default: '',
  overall: 'overall',
  during: 'during PHASE',
  after: 'after FAULT',
  'outside-faults': 'outside faults',
};
