import type { Clock } from '../clock.js';
import type { Link } from '../redis/link.js';
import { isNoScript } from '../redis/refusal.js';
import type { Reply } from '../redis/wire-command.js';
import type { ScriptCall } from './lease-scripts.js';

export interface CallResult {
  readonly error: Error | undefined;
  readonly reply: Reply;
}

export interface PipelineOutcome {
  /** In the order of the calls. */
  readonly results: readonly CallResult[];
  /** As many replicas as needed hold everything that the calls wrote. */
  readonly isConfirmed: boolean;
  /** How many replicas do; -1 where that was not answered. */
  readonly confirmed: number;
  /** When it was sent: an owner's time counts from then. */
  readonly sentMs: number;
}

/**
 * Sends script calls and, where replicas have to confirm, one WAIT in one write: WAIT covers the last write of its own
 * connection only. For the same reason no script is sent again alone when the server does not know it: the whole pipeline
 * is, once, with all of them in full. So each has to bear being executed twice.
 */
export class ConfirmedPipeline {
  readonly #link: Link;
  readonly #nowMs: () => number;
  readonly #waitMs: number;
  #isBusy = false;

  /** `waitMs`: longest wait for the replicas; meanwhile the connection answers nothing else. */
  constructor(link: Link, nowMs: () => number, waitMs: number) {
    this.#link = link;
    this.#nowMs = nowMs;
    this.#waitMs = waitMs;
  }

  /** A pipeline is under way. */
  get isBusy(): boolean {
    return this.#isBusy;
  }

  /** `onDone` is called when everything was answered, or has failed with the connection. */
  send(calls: readonly ScriptCall[], replicas: number, onDone: (outcome: PipelineOutcome) => void): void {
    this.#isBusy = true;
    this.#send('EVALSHA', calls, replicas, (outcome) => {
      const isUnknown = outcome.results.some(({ error }) => error !== undefined && isNoScript(error));
      const done = (final: PipelineOutcome) => {
        this.#isBusy = false;
        onDone(final);
      };
      if (isUnknown) this.#send('EVAL', calls, replicas, done);
      else done(outcome);
    });
  }

  #send(
    command: 'EVALSHA' | 'EVAL',
    calls: readonly ScriptCall[],
    replicas: number,
    onDone: (outcome: PipelineOutcome) => void,
  ): void {
    const sentMs = this.#nowMs();
    const results: CallResult[] = [];
    let missing = calls.length + (replicas > 0 ? 1 : 0);
    let confirmed = 0;
    const answer = () => {
      if (--missing === 0) onDone({ results, isConfirmed: confirmed >= replicas, confirmed, sentMs });
    };
    this.#link.corked(() => {
      for (const [i, { script, keys, args }] of calls.entries()) {
        const body = command === 'EVAL' ? script.source : script.sha;
        this.#link.send([command, body, keys.length, ...keys, ...args], (error, reply) => {
          results[i] = { error, reply };
          answer();
        });
      }
      if (replicas === 0) return;
      this.#link.send(['WAIT', replicas, this.#waitMs], (error, reply) => {
        confirmed = error ? -1 : Number(reply);
        answer();
      });
    });
  }
}

/** One call, and the number of replicas that hold what it wrote; -1 where WAIT was not answered. Throws what the call failed with. */
export async function callConfirmed(
  link: Link,
  call: ScriptCall,
  replicas: number,
  { clock, waitMs }: { readonly clock: Clock; readonly waitMs: number },
): Promise<{ readonly reply: Reply; readonly confirmed: number }> {
  const pipeline = new ConfirmedPipeline(link, () => clock.nowMs(), waitMs);
  const { results, confirmed } = await new Promise<PipelineOutcome>((resolve) => {
    pipeline.send([call], replicas, resolve);
  });
  const { error, reply } = results[0]!;
  if (error !== undefined) throw error;
  return { reply, confirmed };
}
