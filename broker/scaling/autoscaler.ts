import { inspect } from 'node:util';
import type { OnBrokerEvent } from '../broker-event.js';
import { type Clock, pause } from '../clock.js';
import { type GroupLoad, groupLoad } from '../groups/member-load.js';
import type { Roster } from '../groups/roster.js';
import type { ResolvedAutoscaleOptions } from './autoscale-options.js';
import { desiredMembers } from './desired-members.js';
import { type Need, ScaleDecider } from './scale-decider.js';

export interface AutoscalerContext {
  readonly topic: string;
  readonly group: string;
  readonly clock: Clock;
  readonly onEvent: OnBrokerEvent;
  /** Reads the group's roster. */
  read(): Promise<Roster>;
  onClosed(): void;
}

/** Keeps as many members of a group as its load needs, by what they report. Made by `MessageBroker#autoscale`. */
export class Autoscaler implements AsyncDisposable {
  readonly topic: string;
  readonly group: string;
  readonly #context: AutoscalerContext;
  readonly #options: ResolvedAutoscaleOptions;
  readonly #decider: ScaleDecider;
  readonly #stop = new AbortController();
  readonly #loop: Promise<void>;
  #members: number | undefined;

  constructor(context: AutoscalerContext, options: ResolvedAutoscaleOptions) {
    this.#context = context;
    this.topic = context.topic;
    this.group = context.group;
    this.#options = options;
    this.#decider = new ScaleDecider(options);
    this.#loop = this.#run();
  }

  /** How many members the scaler was told to have; undefined before the first time. */
  get members(): number | undefined {
    return this.#members;
  }

  /** Decides nothing any more; resolves when the scaler has done what it was told. The members stay. Twice is safe. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#loop;
    this.#context.onClosed();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      const roster = await this.#context.read().catch(() => undefined);
      if (roster !== undefined && !signal.aborted) await this.#follow(roster);
      await pause(this.#context.clock, this.#options.everyMs, signal);
    }
  }

  async #follow(roster: Roster): Promise<void> {
    const load = groupLoad(roster);
    const { min, max } = this.#options;
    if (this.#members === undefined) {
      const members = Math.max(min, Math.min(max, load.members));
      await this.#scale(members, `the group has ${load.members}, and is to have ${min} to ${max}`);
      return;
    }
    const need = this.#needOf(load);
    this.#tell(load, need, this.#members);
    const next = this.#decider.decide(need, this.#members, this.#context.clock.nowMs());
    if (next !== undefined) await this.#scale(next, reasonOf(load, need));
  }

  async #scale(to: number, reason: string): Promise<void> {
    const { topic, group, onEvent } = this.#context;
    const from = this.#members ?? 0;
    try {
      await this.#options.scaler.scaleTo(to, reason);
    } catch (error) {
      onEvent({ kind: 'scaling-failed', topic, group, to, reason: inspect(error) });
      return;
    }
    this.#members = to;
    onEvent({ kind: 'scaling', topic, group, from, to, reason });
  }

  #tell(
    { ratePerSec, backlog, serviceMs, concurrency }: GroupLoad,
    { members: needed, isWhole }: Need,
    members: number,
  ) {
    if (serviceMs === undefined || concurrency === undefined) return;
    try {
      this.#options.onLook({ members, needed, ratePerSec, backlog, serviceMs, isWhole });
    } catch (error) {
      const { topic, group, onEvent } = this.#context;
      onEvent({ kind: 'scaling-look-failed', topic, group, reason: inspect(error) });
    }
  }

  #needOf({ ratePerSec, backlog, serviceMs, concurrency, draining, isWhole }: GroupLoad): Need {
    if (concurrency === undefined) return { members: 0, isWhole: false };
    // Before anything was handled nobody knows how long that takes.
    if (serviceMs === undefined) return { members: 0, isWhole: isWhole && backlog === 0 };
    const healthy = desiredMembers({ ratePerSec, backlog, serviceMs, concurrency }, this.#options);
    return { members: healthy + draining, isWhole };
  }
}

function reasonOf({ ratePerSec, backlog, serviceMs }: GroupLoad, { members }: Need): string {
  const rate = `${ratePerSec.toFixed(1)} messages/s at ${(serviceMs ?? 0).toFixed(1)} ms each`;
  return `${rate}, and ${Math.round(backlog)} that wait, need ${members.toFixed(2)} members`;
}
