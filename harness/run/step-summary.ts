import { appendFile } from 'node:fs/promises';

/** The job page is a courtesy: what cannot be written there takes nothing from the verdict. */
export async function appendStepSummary(path: string, text: string, warn: (message: string) => void): Promise<void> {
  try {
    await appendFile(path, text);
  } catch (error) {
    const reason = (error as Error).message;
    warn(`the summary could not be appended to GITHUB_STEP_SUMMARY (${path}): ${reason}. It is in summary.md too.`);
  }
}
