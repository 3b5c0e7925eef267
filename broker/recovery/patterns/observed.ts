import type { HandlingFailure } from '../retry-row.js';

/** A message, as far as its failures may have to do with it. */
export interface ObservedMessage {
  readonly id: string;
  readonly key: string | undefined;
  readonly partition: number;
  /** Who handled it. */
  readonly consumer: string;
  /** Where the application tells kinds apart: see `kindOf`. */
  readonly kind: string | undefined;
}

/** How it failed. */
export type ObservedFailure = Pick<HandlingFailure, 'error' | 'message' | 'frames' | 'fingerprint'> &
  Partial<Pick<HandlingFailure, 'permanent'>>;

const CHARACTERS = 100;
const KIND_HEADERS = ['kind', 'type', 'ce_type'];

/** As it is kept: texts are compared, and shown, and may be of any length. */
export function keptOf(message: ObservedMessage): ObservedMessage {
  const { id, key } = message;
  if (id.length <= CHARACTERS && (key?.length ?? 0) <= CHARACTERS) return message;
  return { ...message, id: cut(id), key: key === undefined ? undefined : cut(key) };
}

/** A copy: a slice would keep the whole. */
function cut(text: string): string {
  return text.length <= CHARACTERS ? text : Buffer.from(text.slice(0, CHARACTERS), 'utf16le').toString('utf16le');
}

/** The header that says what kind of message it is: `kind`, `type` or, as CloudEvents have it, `ce_type`. */
export function kindOf(headers: Readonly<Record<string, string>>): string | undefined {
  const name = KIND_HEADERS.find((header) => Object.hasOwn(headers, header));
  return name === undefined ? undefined : cut(headers[name] as string);
}
