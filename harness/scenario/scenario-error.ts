import { HarnessError } from '../errors.js';
import { EXIT } from '../exit-codes.js';

/** Where in the parsed document: `['load', 'phases', 0, 'rate']`. */
export type KeyPath = readonly (string | number)[];

export type ProblemCode = 'syntax' | 'unknown-key' | 'missing' | 'bad-value' | 'bad-reference' | 'impossible';

/** Something wrong (or, in a list of warnings, doubtful) at a key path, before it has a place in the text. */
export interface Finding {
  readonly code: ProblemCode;
  readonly path: KeyPath;
  /** A sentence: the offending value, what was expected, and what was probably meant. */
  readonly message: string;
  /** Point at the key instead of its value. */
  readonly atKey?: boolean;
  /** Offset and length within a text value, where only a part of it is wrong. */
  readonly span?: readonly [number, number];
}

/** A {@link Finding} with its place. */
export interface ScenarioProblem {
  readonly code: ProblemCode;
  readonly file: string;
  /** From 1; both undefined when the value came from a flag. */
  readonly line: number | undefined;
  readonly column: number | undefined;
  /** `load.phases[0].rate`; empty for the file as a whole. */
  readonly path: string;
  readonly message: string;
  /** The `--set` that brought the value in. */
  readonly flag: string | undefined;
  /** The source line and how many of its characters are meant, from `column`. */
  readonly sourceLine: string;
  readonly length: number;
}

/** A scenario that cannot be run: every problem of its file at once. Exit code 2. */
export class ScenarioError extends HarnessError {
  override readonly name = 'ScenarioError';
  readonly exitCode = EXIT.usage;
  readonly code: 'not-found' | 'unreadable' | 'not-text' | 'syntax' | 'invalid';
  readonly path: string;
  /** In the order of the file. */
  readonly problems: readonly ScenarioProblem[];

  constructor(
    code: ScenarioError['code'],
    path: string,
    problems: readonly ScenarioProblem[],
    options?: ErrorOptions & { readonly message?: string },
  ) {
    super(options?.message ?? describeProblems(path, problems), options);
    this.code = code;
    this.path = path;
    this.problems = problems;
  }
}

/** `load.phases[0].rate`. */
export function formatPath(path: KeyPath): string {
  let text = '';
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`;
    else text += text === '' ? part : `.${part}`;
  }
  return text;
}

/** One problem over three lines: place and sentence, the source line, and a caret under what is meant. */
export function formatProblem(problem: ScenarioProblem): string {
  const sentence = printable(`${problem.path === '' ? '' : `${problem.path}: `}${problem.message}`);
  if (problem.line === undefined || problem.column === undefined) {
    return `${printable(problem.flag ?? problem.file)}: ${sentence}`;
  }
  const head = `${problem.file}:${problem.line}:${problem.column}: ${sentence}`;
  const gutter = `${String(problem.line).padStart(5)} | `;
  const [shown, indent] = excerpt(problem.sourceLine, problem.column);
  const carets = '^'.repeat(Math.max(1, Math.min(problem.length, shown.length - indent)));
  return `${head}\n${gutter}${shown}\n${' '.repeat(gutter.length - 2)}| ${' '.repeat(indent)}${carets}`;
}

/** A value as it is quoted in messages: short, on one line, without control characters. */
export function quoteValue(value: unknown): string {
  if (value === null) return 'nothing';
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  let text: string;
  try {
    text = JSON.stringify(value) ?? String(value);
  } catch {
    text = String(value);
  }
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

function describeProblems(path: string, problems: readonly ScenarioProblem[]): string {
  const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
  return `${path} cannot be run: ${count}\n\n${problems.map(formatProblem).join('\n\n')}\n`;
}

const WIDTH = 120;

/** Nothing in a file can move the cursor or recolour the terminal that shows its mistakes. */
function printable(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, ' ');
}

/** The part of a line around `column`, tabs and control characters as single spaces, and the column's index in it. */
function excerpt(line: string, column: number): [string, number] {
  const clean = printable(line);
  if (clean.length <= WIDTH) return [clean, Math.min(column - 1, clean.length)];
  const start = Math.max(0, Math.min(column - 1 - WIDTH / 3, clean.length - WIDTH));
  return [clean.slice(start, start + WIDTH), column - 1 - start];
}
