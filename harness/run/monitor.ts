import { Redis } from 'ioredis';
import type { Series } from '../../reports/results.js';
import { type Clock, NS_PER_MS } from '../clock.js';
import type { RedisNode } from '../environment/environment.js';
import { CpuShares } from './process-sampler.js';

const INTERVAL_MS = 100;
/** INFO goes to a server under full load: often enough to see memory grow, seldom enough to cost nothing. */
const INFO_EVERY_MS = 500;

interface Sample {
  readonly atNs: number;
  readonly value: number;
}

/** The columns of the report's series that no ledger tells: CPU, event loops, Redis' memory and rate, steal. */
export class Monitor implements AsyncDisposable {
  readonly #cpu = new Map<string, Sample[]>();
  readonly #eventLoop = new Map<string, Sample[]>();
  readonly #memory: Sample[] = [];
  readonly #ops: Sample[] = [];
  readonly #steal: Sample[] = [];
  readonly #shares = new CpuShares();
  readonly #clock: Clock;
  readonly #pids: () => ReadonlyMap<string, number>;
  readonly #redis: Redis;
  readonly #timers: NodeJS.Timeout[];
  #asking = false;

  /** `pids` names the processes to watch; asked at every sample, since workers come and go. */
  constructor(node: RedisNode, pids: () => ReadonlyMap<string, number>, clock: Clock) {
    this.#clock = clock;
    this.#pids = pids;
    this.#redis = new Redis({
      ...node.direct,
      lazyConnect: true,
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      commandTimeout: 2000,
      retryStrategy: () => INFO_EVERY_MS,
    });
    // A server that is down or frozen is the run's business, not the monitor's: it shows as a gap.
    this.#redis.on('error', () => {});
    void this.#redis.connect().catch(() => {});
    this.#timers = [
      setInterval(() => this.#sampleCpu(), INTERVAL_MS),
      setInterval(() => void this.#sampleRedis(), INFO_EVERY_MS),
    ];
  }

  eventLoop(process: string, maxDelayMs: number): void {
    push(this.#eventLoop, process, { atNs: this.#clock.nowNs(), value: maxDelayMs });
  }

  steal(atNs: number, share: number): void {
    this.#steal.push({ atNs, value: share });
  }

  /** Columns for `count` intervals of 100 ms from `startNs`; null where nothing was sampled. */
  columns(
    startNs: number,
    count: number,
  ): Pick<Series, 'cpu' | 'eventLoop' | 'redisMemoryBytes' | 'redisOpsPerSec' | 'steal'> {
    const column = (samples: readonly Sample[]) => spread(samples, startNs, count);
    const columns = (byName: ReadonlyMap<string, Sample[]>) =>
      Object.fromEntries([...byName].map(([name, samples]) => [name, column(samples)]));
    return {
      cpu: columns(this.#cpu),
      eventLoop: columns(this.#eventLoop),
      redisMemoryBytes: column(this.#memory),
      redisOpsPerSec: column(this.#ops),
      steal: column(this.#steal),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    this.#redis.disconnect();
  }

  #sampleCpu(): void {
    const nowNs = this.#clock.nowNs();
    for (const [name, pid] of this.#pids()) {
      const share = this.#shares.next(name, pid, nowNs);
      if (share !== null) push(this.#cpu, name, { atNs: nowNs, value: share });
    }
  }

  async #sampleRedis(): Promise<void> {
    if (this.#asking || this.#redis.status !== 'ready') return;
    this.#asking = true;
    try {
      const info = await this.#redis.info('memory', 'stats');
      const atNs = this.#clock.nowNs();
      const memory = /^used_memory:(\d+)/m.exec(info)?.[1];
      const ops = /^instantaneous_ops_per_sec:(\d+)/m.exec(info)?.[1];
      if (memory !== undefined) this.#memory.push({ atNs, value: Number(memory) });
      if (ops !== undefined) this.#ops.push({ atNs, value: Number(ops) });
    } catch {
      // A gap in the series says it.
    } finally {
      this.#asking = false;
    }
  }
}

function push(byName: Map<string, Sample[]>, name: string, sample: Sample): void {
  const samples = byName.get(name);
  if (samples === undefined) byName.set(name, [sample]);
  else samples.push(sample);
}

/** The largest sample of each interval. */
function spread(samples: readonly Sample[], startNs: number, count: number): (number | null)[] {
  const column: (number | null)[] = new Array(count).fill(null);
  for (const { atNs, value } of samples) {
    const index = Math.floor((atNs - startNs) / (INTERVAL_MS * NS_PER_MS));
    if (index < 0 || index >= count) continue;
    column[index] = Math.max(column[index] ?? value, value);
  }
  return column;
}
