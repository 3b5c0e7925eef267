import { mkdir } from 'node:fs/promises';
import { EnvironmentError } from './environment-error.js';

/** Makes the folder for the servers' logs. */
export async function createLogDir(logDir: string): Promise<void> {
  try {
    await mkdir(logDir, { recursive: true });
  } catch (cause) {
    const reason = (cause as Error).message;
    throw new EnvironmentError('unwritable', `The folder for logs, ${logDir}, cannot be made: ${reason}`, { cause });
  }
}
