export function timeOf(ms: number): string {
  return new Date(ms).toISOString();
}

/** What comes from a message must not steer the terminal, nor look like a line of ours. */
export function plain(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, '\ufffd');
}

/** The same of several lines. */
export function plainLines(text: string): string {
  return text.split('\n').map(plain).join('\n');
}
