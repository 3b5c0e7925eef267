/** What comes from a message must not steer the terminal, nor look like a line of ours. */
export function plain(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, '\ufffd');
}
