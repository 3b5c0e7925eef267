import { NS_PER_MS, NS_PER_SEC, systemClock } from '../../harness/clock.js';
import { CpuProfile } from './cpu-profile.js';
import type { WorkerFigures, WorkerTask } from './protocol.js';

interface Reading {
  readonly atNs: number;
  readonly messages: number;
  readonly cpuMs: number;
}

/** Reads a counter and this process' CPU time where the measured time begins and where it ends. */
export class MeasuredTime {
  readonly #messages: () => number;
  readonly #profilePath: string | undefined;
  #profile: CpuProfile | undefined;
  #first: Reading;
  #last: Reading | undefined;
  /** Messages due between these count for latency. */
  readonly fromNs: number;
  readonly toNs: number;

  /** From here on; a counted load is measured whole. */
  constructor({ load, profilePath }: WorkerTask, startNs: number, messages: () => number) {
    this.#messages = messages;
    this.#profilePath = profilePath;
    this.#first = load.kind === 'count' ? this.#begin() : this.#read();
    if (load.kind === 'count') {
      this.fromNs = startNs;
      this.toNs = Number.POSITIVE_INFINITY;
      return;
    }
    this.fromNs = startNs + load.warmUpMs * NS_PER_MS;
    this.toNs = this.fromNs + load.measuredMs * NS_PER_MS;
    at(this.fromNs, () => {
      this.#first = this.#begin();
    });
    at(this.toNs, () => {
      this.#last = this.#end();
    });
  }

  /** `messages` in all: of a counted load the measured time ends here. */
  figures(messages: number): WorkerFigures {
    const last = this.#last ?? this.#end();
    return {
      messages,
      measured: last.messages - this.#first.messages,
      seconds: (last.atNs - this.#first.atNs) / NS_PER_SEC,
      cpuMs: last.cpuMs - this.#first.cpuMs,
      peakRssBytes: process.resourceUsage().maxRSS * 1024,
    };
  }

  #begin(): Reading {
    if (this.#profilePath !== undefined) this.#profile = new CpuProfile(this.#profilePath);
    return this.#read();
  }

  #end(): Reading {
    const reading = this.#read();
    this.#profile?.stop();
    this.#profile = undefined;
    return reading;
  }

  #read(): Reading {
    const { user, system } = process.cpuUsage();
    return { atNs: systemClock.nowNs(), messages: this.#messages(), cpuMs: (user + system) / 1000 };
  }
}

function at(ns: number, action: () => void): void {
  setTimeout(action, Math.max(0, (ns - systemClock.nowNs()) / NS_PER_MS));
}
