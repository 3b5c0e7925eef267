import { open } from 'node:fs/promises';

const TAIL_BYTES = 4096;
const TAIL_LINES = 12;

/** The last lines of a log file, or a note that there are none. */
export async function logTail(path: string): Promise<string> {
  try {
    await using file = await open(path, 'r');
    const { size } = await file.stat();
    const buffer = Buffer.alloc(Math.min(size, TAIL_BYTES));
    await file.read(buffer, 0, buffer.length, size - buffer.length);
    const lines = buffer.toString('utf8').trimEnd().split('\n');
    return lines.slice(-TAIL_LINES).join('\n');
  } catch (error) {
    return `(${path} cannot be read: ${(error as Error).message})`;
  }
}
