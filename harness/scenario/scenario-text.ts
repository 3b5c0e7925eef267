import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  visit,
} from 'yaml';
import { type Finding, formatPath, type KeyPath, type ScenarioProblem } from './scenario-error.js';

/** A value that a flag put in place of the file's. */
export interface Override {
  readonly path: KeyPath;
  /** `--set load.message.size=4KiB`. */
  readonly flag: string;
}

/** The text of a scenario as YAML: its raw value, and where in the text every part of it stands. */
export class ScenarioText {
  readonly path: string;
  readonly #text: string;
  readonly #lines = new LineCounter();
  readonly #document: Document;
  /** Syntax errors, duplicate keys among them. */
  readonly problems: readonly ScenarioProblem[];
  /** Whether the syntax errors leave a value worth looking at. */
  readonly usable: boolean;
  /** Plain data, without aliases or tags; undefined unless usable. */
  readonly value: unknown;

  constructor(text: string, path: string) {
    this.path = path;
    this.#text = text;
    this.#document = parseDocument(text, {
      lineCounter: this.#lines,
      prettyErrors: false,
      stringKeys: true,
      logLevel: 'error',
    });
    const { errors, warnings } = this.#document;
    const problems = [...errors, ...warnings].map((error) => {
      return this.#problemAt(error.pos, `not YAML: ${explain(error.code, error.message)}`);
    });
    visit(this.#document, {
      Alias: (_key, alias) => {
        if (alias.resolve(this.#document) !== undefined) return;
        const [start = 0, end = start] = alias.range ?? [];
        problems.push(this.#problemAt([start, end], `not YAML: the alias *${alias.source} has no anchor before it`));
      },
    });
    const fatal = errors.some((error) => error.code !== 'DUPLICATE_KEY') || problems.length > errors.length;
    this.problems = problems;
    this.usable = !fatal;
    this.value = fatal ? undefined : this.#document.toJS();
  }

  /** Gives a finding its place: in the text, or the flag that brought the value in. */
  locate(finding: Finding, overrides: readonly Override[] = []): ScenarioProblem {
    const { code, message, path } = finding;
    const flag = overrides.find(
      (one) => startsWith(path, one.path) || (startsWith(one.path, path) && !this.#has(path)),
    );
    const base = { code, file: this.path, path: formatPath(path), message };
    if (flag !== undefined) {
      return { ...base, flag: flag.flag, line: undefined, column: undefined, sourceLine: '', length: 0 };
    }
    return { ...base, flag: undefined, ...this.#place(this.#rangeOf(finding)) };
  }

  #problemAt(range: readonly [number, number], message: string): ScenarioProblem {
    return { code: 'syntax', file: this.path, path: '', message, flag: undefined, ...this.#place(range) };
  }

  #place([start, end]: readonly [number, number]) {
    const { line, col } = this.#lines.linePos(Math.min(start, this.#text.length));
    const lineStart = this.#lines.lineStarts[line - 1] ?? 0;
    const newline = this.#text.indexOf('\n', lineStart);
    const sourceLine = this.#text.slice(lineStart, newline === -1 ? undefined : newline).replace(/\r$/, '');
    return { line: Math.max(1, line), column: Math.max(1, col), sourceLine, length: Math.max(1, end - start) };
  }

  #has(path: KeyPath): boolean {
    return path.length === 0 || this.#document.hasIn(path);
  }

  /** The value (or key) at the path, or of the nearest part around it that the text has. */
  #rangeOf(finding: Finding): readonly [number, number] {
    let node: unknown = this.#document.contents;
    let key: unknown;
    let complete = true;
    for (const part of finding.path) {
      if (isAlias(node)) node = node.resolve(this.#document);
      const next = childOf(node, part);
      if (next === undefined) {
        complete = false;
        break;
      }
      [key, node] = next;
    }
    const useKey =
      finding.atKey === true || !complete || !isNode(node) || node.range === undefined || node.range === null;
    const target = useKey && isNode(key) ? key : node;
    if (!isNode(target) || !target.range) return [0, 0];
    const [start, end] = target.range;
    const span = complete && !useKey ? finding.span : undefined;
    if (span !== undefined && isScalar(target) && typeof target.value === 'string') {
      const inner = this.#text.slice(start, end).indexOf(target.value);
      if (inner >= 0) return [start + inner + span[0], start + inner + span[0] + span[1]];
    }
    return [start, end];
  }
}

/** The child's key node and value node. */
function childOf(node: unknown, part: string | number): [unknown, unknown] | undefined {
  if (isSeq(node)) {
    const item = typeof part === 'number' ? node.items[part] : undefined;
    return item === undefined ? undefined : [item, item];
  }
  if (!isMap(node)) return undefined;
  const pair = node.items.find((item) => isPair(item) && isScalar(item.key) && String(item.key.value) === String(part));
  return pair === undefined ? undefined : [pair.key, pair.value];
}

function startsWith(path: KeyPath, prefix: KeyPath): boolean {
  return prefix.every((part, index) => String(path[index]) === String(part));
}

function explain(code: string, message: string): string {
  switch (code) {
    case 'DUPLICATE_KEY':
      return 'this key is given twice in the same mapping';
    case 'BLOCK_AS_IMPLICIT_KEY':
      return `${message} (text that contains ": " needs quotes)`;
    case 'MULTIPLE_DOCS':
      return 'a second document begins here; one file is one scenario';
    case 'NON_STRING_KEY':
      return 'a key must be plain text';
    default:
      return message;
  }
}
