import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import type { FromWorker, ProbeSlice, Stall } from './protocol.js';
import type { RunContext } from './run-context.js';
import { childEnd, spawnChild } from './worker-child.js';

/**
 * The harness' own witness of the machine: a process that only looks at the clock. What it saw decides whether a failing
 * latency can be blamed on the system (`inconclusive`).
 */
export class Probe implements AsyncDisposable {
  /** Ascending. */
  readonly stalls: Stall[] = [];
  /** Ascending, without gaps while the probe lives. */
  readonly slices: ProbeSlice[] = [];
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  #endedEarly: string | undefined;
  #disposed = false;

  /** Its readings arrive every half second; `onSlice` sees each for the live display. */
  constructor(context: Pick<RunContext, 'logDir' | 'registry'>, onSlice: (slice: ProbeSlice) => void = () => {}) {
    const logPath = join(context.logDir, 'probe.log');
    this.#child = spawnChild({ name: 'probe', entry: 'probe-worker', logPath, registry: context.registry });
    this.#ended = childEnd(this.#child).then(({ code, signal }) => {
      if (this.#disposed) return;
      this.#endedEarly = `the probe of the machine ended during the run (${signal ?? `exit code ${code}`}): see probe.log`;
    });
    this.#child.on('message', (message: FromWorker) => {
      if (message.type !== 'probe') return;
      for (const stall of message.stalls) this.stalls.push(stall);
      for (const slice of message.slices) {
        this.slices.push(slice);
        onSlice(slice);
      }
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** How it ended before it was disposed of: since then nobody watched the machine. */
  get endedEarly(): string | undefined {
    return this.#endedEarly;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true;
    this.#child.kill('SIGKILL');
    await this.#ended;
  }
}
