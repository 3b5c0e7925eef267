import { monitorEventLoopDelay } from 'node:perf_hooks';
import { type Clock, NS_PER_MS } from '../clock.js';
import type { Driver } from '../drivers/driver.js';
import type { WorkerStats } from './protocol.js';

const INTERVAL_MS = 250;
/** Sampling more often costs wake-ups that the load would feel. */
const DELAY_RESOLUTION_MS = 10;
const GAUGES_EVERY = 4;

/** Sends a worker's figures every 250 ms until it is disposed of, which sends them once more. */
export class StatsReporter implements Disposable {
  readonly #clock: Clock;
  readonly #driver: Driver;
  readonly #figures: () => Pick<WorkerStats, 'producer' | 'consumer'>;
  readonly #send: (stats: WorkerStats) => void;
  readonly #delay = monitorEventLoopDelay({ resolution: DELAY_RESOLUTION_MS });
  readonly #timer: NodeJS.Timeout;
  #cpu = process.cpuUsage();
  #lastNs: number;
  #reports = 0;
  /** Sent with every report: whoever reads the last one finds them. */
  #gauges: WorkerStats['gauges'];

  constructor(
    clock: Clock,
    driver: Driver,
    figures: () => Pick<WorkerStats, 'producer' | 'consumer'>,
    send: (stats: WorkerStats) => void,
  ) {
    this.#clock = clock;
    this.#driver = driver;
    this.#figures = figures;
    this.#send = send;
    this.#lastNs = clock.nowNs();
    this.#delay.enable();
    this.#timer = setInterval(() => this.#report(), INTERVAL_MS);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#delay.disable();
    this.#report(true);
  }

  #report(isLast = false): void {
    const atNs = this.#clock.nowNs();
    const cpu = process.cpuUsage(this.#cpu);
    const elapsedUs = Math.max(1, (atNs - this.#lastNs) / 1000);
    this.#cpu = process.cpuUsage();
    this.#lastNs = atNs;
    // The histogram holds times between its own samples, which are the resolution apart when nothing delays them.
    const eventLoopMaxMs = Math.max(0, this.#delay.max / NS_PER_MS - DELAY_RESOLUTION_MS);
    this.#delay.reset();
    if (this.#reports++ % GAUGES_EVERY === 0 || isLast) this.#gauges = this.#driver.gauges?.();
    const gauges = this.#gauges;
    this.#send({
      atNs,
      ...this.#figures(),
      eventLoopMaxMs,
      cpuShare: (cpu.user + cpu.system) / elapsedUs,
      rssBytes: process.memoryUsage.rss(),
      ...(gauges === undefined ? {} : { gauges }),
    });
  }
}
