import type { DeadLetter, DeadLetterKind } from '../../../broker/index.js';
import type { Colours } from '../../colours.js';
import { plain } from './plain.js';

const PAYLOAD_CHARACTERS = 2_000;
const REASON_CHARACTERS = 100;

/** One line. */
export function renderLetter({ ref, id, key, attempts, fingerprint, reason, atMs }: DeadLetter, pc: Colours): string {
  const who = plain(`${id ?? '(undecodable)'}${key === undefined ? '' : ` of ${key}`}`);
  const why = plain(reason).slice(0, REASON_CHARACTERS);
  return `${pc.bold(ref)}  ${timeOf(atMs)}  ${who}  ${attempts} attempts  ${pc.dim(fingerprint)}  ${why}`;
}

/** One line. */
export function renderKind(
  { fingerprint, count, bytes, firstMs, lastMs, reason }: DeadLetterKind,
  pc: Colours,
): string {
  const when = `${timeOf(firstMs)} to ${timeOf(lastMs)}`;
  const why = plain(reason).slice(0, REASON_CHARACTERS);
  return `${pc.bold(fingerprint)}  ${String(count).padStart(7)}  ${bytes} bytes  ${when}  ${why}`;
}

/** Everything that is known. */
export function renderDetails(letter: DeadLetter, pc: Colours): string {
  const { ref, id, key, headers = {}, position, attempts, fingerprint, reason, atMs, publishedAtMs, payload } = letter;
  const facts: readonly (readonly [string, string])[] = [
    ['id', id ?? '(undecodable)'],
    ['key', key ?? '-'],
    ['published', publishedAtMs === undefined ? '-' : timeOf(publishedAtMs)],
    ['given up', timeOf(atMs)],
    ['position', position],
    ['attempts', String(attempts)],
    ['fingerprint', fingerprint],
    ['reason', reason],
    ...Object.entries(headers).map(([name, value]) => [`header ${name}`, value] as const),
  ];
  const failures = letter.failures.map(({ attempt, atMs: failedMs, consumer, error, message, frames }) => {
    const where = frames.length === 0 ? '' : `\n      at ${frames.map(plain).join('\n      at ')}`;
    return `  ${attempt}. ${timeOf(failedMs)} on ${plain(consumer)}: ${plain(error)}: ${plain(message)}${where}`;
  });
  const text = payload.toString('utf8', 0, PAYLOAD_CHARACTERS);
  const cut =
    payload.length > PAYLOAD_CHARACTERS ? ` (the first ${PAYLOAD_CHARACTERS} of ${payload.length} bytes)` : '';
  return [
    pc.bold(ref),
    ...facts.map(([name, value]) => `  ${pc.dim(name)}: ${plain(value)}`),
    ...(failures.length === 0 ? [] : ['failures:', ...failures]),
    `payload${cut}:`,
    plainLines(text),
  ].join('\n');
}

/** For programs. */
export function letterAsJson({ payload, ...letter }: DeadLetter): unknown {
  return { ...letter, payloadBase64: payload.toString('base64') };
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString();
}

/** The same of several lines. */
function plainLines(text: string): string {
  return text.split('\n').map(plain).join('\n');
}
