import { createHash } from 'node:crypto';

/**
 * What differs between two failures of one cause, most specific first. Masking by regular expressions is the first step of
 * Drain (He et al., "Drain: An Online Log Parsing Approach with Fixed Depth Tree", ICWS 2017).
 */
const MASKS: readonly (readonly [pattern: RegExp, name: string])[] = [
  [/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi, '<id>'],
  [/[a-z][a-z0-9+.-]*:\/\/\S+/gi, '<url>'],
  [/[^\s@<>]+@[^\s@<>]+\.[a-z]{2,}/gi, '<mail>'],
  [/\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?/g, '<time>'],
  [/\b\d{1,3}(\.\d{1,3}){3}(:\d+)?\b/g, '<address>'],
  [/(?<!\w)(["'`])(?:(?!\1).)*\1(?!\w)/g, '<value>'],
  // Numbers as well, however many digits they have, and in whatever unit.
  [/(?<![\w.])\d+\.\d+[a-z]*\b|\b(?=[a-z_-]*\d)[0-9a-z_-]+\b/gi, '<id>'],
];
const FRAMES = 3;
const FRAME_CHARACTERS = 120;
/** Stacks begin with the message, which may be anything. */
const LOOKED_AT_LINES = 50;
const LONGEST_LINE = 500;
const IDENTITY_CHARACTERS = 300;
const FINGERPRINT_CHARACTERS = 12;
/** Frames from here on say only how the handler was called. */
const BROKER_FOLDER = new URL('..', import.meta.url).href;

/** The message without what is different each time: ids, numbers, addresses, times, quoted values. */
export function maskedMessage(message: string): string {
  return MASKS.reduce((text, [pattern, name]) => text.replaceAll(pattern, name), message)
    .replaceAll(/\s+/g, ' ')
    .trim();
}

/**
 * The innermost frames of a stack as `function (file)`: folders and lines differ between deployments.
 * Without those of Node and of the broker.
 */
export function topFrames(stack: unknown): string[] {
  if (typeof stack !== 'string') return [];
  const frames: string[] = [];
  for (const line of stack.split('\n', LOOKED_AT_LINES)) {
    if (line.length > LONGEST_LINE) continue;
    const at = /^\s+at (?:(?:async |new )?(.*?)(?: \[as [^\]]*\])? \()?(?:.*[/\\])?([^/\\():]+)(?::\d+)*\)?$/.exec(
      line,
    );
    if (at === null || line.includes('node:') || line.includes(BROKER_FOLDER)) continue;
    frames.push(`${at[1] ?? '<anonymous>'} (${at[2]})`.slice(0, FRAME_CHARACTERS));
    if (frames.length === FRAMES) break;
  }
  return frames;
}

/** The same for failures of one cause, in all processes: 12 hexadecimal digits of class, masked message and frames. */
export function fingerprintOf(error: string, message: string, frames: readonly string[]): string {
  const identity = [error, maskedMessage(message).slice(0, IDENTITY_CHARACTERS), ...frames].join('\n');
  return createHash('sha256').update(identity).digest('hex').slice(0, FINGERPRINT_CHARACTERS);
}
