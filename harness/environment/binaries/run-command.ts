import { spawn } from 'node:child_process';

export interface CommandOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly deadlineMs: number;
  readonly cwd?: string;
}

const KEPT_CHARACTERS = 100_000;
const KILL_AFTER_MS = 5_000;

/**
 * Runs a program to its end and returns what it wrote to stdout. Rejects, with the last lines it wrote to stderr, when
 * it fails, takes longer than its deadline, or the signal aborts; then it and its children have ended.
 */
export function runCommand(
  program: string,
  args: readonly string[],
  options: CommandOptions,
  signal: AbortSignal,
): Promise<string> {
  const { env, deadlineMs, cwd } = options;
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env, cwd, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    const output = { stdout: '', stderr: '' };
    const keep = (stream: keyof typeof output) => (chunk: string) => {
      output[stream] = (output[stream] + chunk).slice(-KEPT_CHARACTERS);
    };
    child.stdout.setEncoding('utf8').on('data', keep('stdout'));
    child.stderr.setEncoding('utf8').on('data', keep('stderr'));

    let stoppedBecause: Error | undefined;
    let killTimer: NodeJS.Timeout | undefined;
    const stop = (reason: Error) => {
      stoppedBecause ??= reason;
      killGroup(child.pid, 'SIGTERM');
      killTimer ??= setTimeout(() => killGroup(child.pid, 'SIGKILL'), KILL_AFTER_MS);
    };
    const onAbort = () => stop(signal.reason);
    const deadline = setTimeout(() => stop(new Error(`took longer than ${deadlineMs / 1000} s`)), deadlineMs);
    signal.addEventListener('abort', onAbort, { once: true });
    const settle = (error: Error | undefined) => {
      clearTimeout(deadline);
      clearTimeout(killTimer);
      signal.removeEventListener('abort', onAbort);
      if (error === undefined) resolve(output.stdout);
      else reject(error);
    };
    child.once('error', settle);
    child.once('close', (code, endedBy) => {
      if (stoppedBecause !== undefined) return settle(stoppedBecause);
      if (code === 0) return settle(undefined);
      const said = lastLines(output.stderr.trim() === '' ? output.stdout : output.stderr);
      settle(
        new Error(`${endedBy === null ? `exit code ${code}` : `ended by ${endedBy}`}${said === '' ? '' : `: ${said}`}`),
      );
    });
  });
}

/** The group, since package managers and compilers have children of their own. */
function killGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function lastLines(text: string): string {
  return text.trim().split('\n').slice(-3).join(' | ');
}
