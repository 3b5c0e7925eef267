import type { z } from 'zod';
import { type Finding, type KeyPath, quoteValue } from './scenario-error.js';
import { didYouMean } from './suggest.js';

/**
 * What a schema says about a raw value, as findings. Messages of this project's schemas are noun phrases for what was
 * expected (`a duration above zero`); zod's own are replaced by such phrases.
 */
export function checkAgainst<T>(schema: z.ZodType<T>, raw: unknown, path: KeyPath): { value?: T; findings: Finding[] } {
  const result = schema.safeParse(raw, { error: expectation, reportInput: true });
  if (result.success) return { value: result.data, findings: [] };
  return { findings: result.error.issues.flatMap((issue) => findingsOf(issue, [], raw, path)) };
}

/** The issue's `inst` is the schema that raised it; zod keeps it from finished issues, so it is read here. */
const expectation: z.core.$ZodErrorMap = (issue) => {
  switch (issue.code) {
    case 'unrecognized_keys': {
      const schema = issue.inst as z.core.$ZodObject | undefined;
      return Object.keys(schema?._zod.def.shape ?? {}).join(' ');
    }
    case 'invalid_type':
      return TYPE_NAMES[isWhole(issue.inst) ? 'int' : issue.expected] ?? issue.expected;
    case 'invalid_value':
      return issue.values.length === 1 ? quoteValue(issue.values[0]) : `one of ${issue.values.join(', ')}`;
    case 'too_small': {
      const least = `${issue.inclusive ? 'at least' : 'more than'} ${issue.minimum}`;
      if (issue.origin === 'array') return `a list of ${least} entries`;
      return issue.origin === 'string' ? 'text that is not empty' : least;
    }
    case 'too_big': {
      const most = `${issue.inclusive ? 'at most' : 'less than'} ${issue.maximum}`;
      if (issue.origin === 'array') return `a list of ${most} entries`;
      return issue.origin === 'string' ? `text of ${most} characters` : most;
    }
    default:
      return undefined;
  }
};

function isWhole(schema: z.core.$ZodRawIssue['inst']): boolean {
  const format = (schema?._zod.def as { readonly format?: string } | undefined)?.format;
  return format === 'safeint';
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'a mapping (key: value)',
  record: 'a mapping (key: value)',
  array: 'a list',
};

/** `at`: where the issue's own path starts, within `raw`; `base`: where `raw` stands in the file. */
function findingsOf(issue: z.core.$ZodIssue, at: KeyPath, raw: unknown, base: KeyPath): Finding[] {
  const within = [...at, ...issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part))];
  const path = [...base, ...within];
  switch (issue.code) {
    case 'unrecognized_keys': {
      const known = issue.message.split(' ').filter((key) => key !== '');
      return issue.keys.map((key) => unknownKey([...path, key], key, known));
    }
    case 'invalid_union': {
      const branch = closestBranch(issue.errors);
      if (branch !== undefined) return branch.flatMap((inner) => findingsOf(inner, within, raw, base));
      return [badValue(path, valueAt(raw, within), issue.message)];
    }
    case 'invalid_value':
      return [badValue(path, valueAt(raw, within), issue.message, issue.values.map(String))];
    default:
      return [badValue(path, valueAt(raw, within), issue.message)];
  }
}

/** As written: the issue itself may hold what it was converted to. */
function valueAt(raw: unknown, path: KeyPath): unknown {
  let value = raw;
  for (const part of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as Record<string | number, unknown>)[part];
  }
  return value;
}

export function unknownKey(path: KeyPath, key: string, known: readonly string[]): Finding {
  const hint = didYouMean(key, known) || (known.length === 0 ? '' : ` Known here: ${known.join(', ')}.`);
  return { code: 'unknown-key', path, atKey: true, message: `unknown key "${key}".${hint}` };
}

export function badValue(path: KeyPath, value: unknown, expected: string, known: readonly string[] = []): Finding {
  if (value === undefined) {
    return { code: 'missing', path, atKey: true, message: `missing; expected ${expected}.` };
  }
  const hint = typeof value === 'string' ? didYouMean(value, known) : '';
  return {
    code: 'bad-value',
    path,
    message: `${quoteValue(value)}: expected ${expected}${expected.endsWith('?') ? '' : '.'}${hint}`,
  };
}

/** The branch of a union that was meant: the one whose own shape fits and only something inside it is wrong. */
function closestBranch(branches: readonly (readonly z.core.$ZodIssue[])[]): readonly z.core.$ZodIssue[] | undefined {
  return branches.find((issues) =>
    issues.every((issue) => issue.path.length > 0 || issue.code === 'unrecognized_keys'),
  );
}
