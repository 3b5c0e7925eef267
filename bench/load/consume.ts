import { build } from 'hdr-histogram-js';
import { NS_PER_MS, systemClock } from '../../harness/clock.js';
import type { BenchClient, BenchConsumer } from './client.js';
import { MeasuredTime } from './measured-time.js';
import type { WorkerFigures, WorkerTask } from './protocol.js';
import { dueNsOf, sequenceOf } from './stamp.js';
import { Tally } from './tally.js';

const NS_PER_US = 1_000;
const PROGRESS_MS = 20;
/** Without a message for this long while some are missing, they will not come. */
const STALLED_MS = 20_000;

/** One consumer: handles by counting. */
export class BenchHandling {
  readonly #task: WorkerTask;
  readonly #tally: Tally;
  readonly #latencyUs = build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: 600_000_000,
    numberOfSignificantValueDigits: 3,
  });
  #consumer: BenchConsumer | undefined;
  #time: MeasuredTime | undefined;

  constructor(task: WorkerTask) {
    this.#task = task;
    this.#tally = new Tally(task.client.kind === 'broker' ? task.client.keys : 0);
  }

  /** A counted load is there already: its time begins with this call. */
  async open(client: BenchClient): Promise<void> {
    if (this.#task.load.kind === 'count') this.begin(systemClock.nowNs());
    this.#consumer = await client.consumer(this.#task.topic, this.#handle);
  }

  begin(startNs: number): void {
    this.#time ??= new MeasuredTime(this.#task, startNs, () => this.#tally.handled);
  }

  /** Resolves when `total` messages were handled and everything is acknowledged. */
  async finish(total: number): Promise<WorkerFigures> {
    await this.#allHandled(total);
    const figures = this.#time!.figures(this.#tally.handled);
    await this.#consumer!.close();
    const handled = this.#tally.handled;
    if (handled !== total) throw new Error(`${total} messages were stored, ${handled} were handled`);
    const quantile = (percent: number) => this.#latencyUs.getValueAtPercentile(percent) / 1_000;
    return { ...figures, latencyMs: { p50: quantile(50), p99: quantile(99), p999: quantile(99.9) } };
  }

  /** Tells `onProgress` now and then how much was handled. */
  reportProgress(onProgress: (handled: number) => void): void {
    let reported = 0;
    const timer = setInterval(() => {
      if (this.#tally.handled === reported) return;
      reported = this.#tally.handled;
      onProgress(reported);
    }, PROGRESS_MS);
    timer.unref();
  }

  readonly #handle = (payload: Buffer): void => {
    this.#tally.add(sequenceOf(payload));
    const dueNs = dueNsOf(payload);
    const { fromNs, toNs } = this.#time!;
    if (dueNs < fromNs || dueNs >= toNs) return;
    this.#latencyUs.recordValue(Math.max(1, Math.round((systemClock.nowNs() - dueNs) / NS_PER_US)));
  };

  async #allHandled(total: number): Promise<void> {
    let last = this.#tally.handled;
    let sinceNs = systemClock.nowNs();
    while (this.#tally.handled < total) {
      await systemClock.sleep(1);
      if (this.#tally.handled > last) {
        last = this.#tally.handled;
        sinceNs = systemClock.nowNs();
      } else if (systemClock.nowNs() - sinceNs > STALLED_MS * NS_PER_MS) {
        throw new Error(`${last} of ${total} messages were handled, and no more came`);
      }
    }
  }
}
