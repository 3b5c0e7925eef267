import type { OnBrokerEvent } from '../../broker-event.js';
import { pause } from '../../clock.js';
import type { GroupControl } from '../../groups/group-control.js';
import type { DeadLetters } from '../dead-letters.js';
import type { Playbook } from './playbook.js';
import type { ResolvedAutoRecoveryOptions } from './recovery-options.js';
import { type RecoveryState, RecoveryStore } from './recovery-store.js';
import { SignalReader } from './signal-reader.js';
import { leftOf, objectionOf, type RecoverySignals, TriggerWatch } from './signals.js';
import { failureOf, perform } from './steps.js';
import {
  afterLook,
  afterStep,
  beginRun,
  ended,
  forgotten,
  isOver,
  restOf,
  stepOf,
  type WorkflowRun,
} from './workflow-run.js';

export interface AutoRecoveryContext {
  readonly control: GroupControl;
  readonly letters: DeadLetters;
  /** Random for each instance. */
  readonly owner: string;
  readonly onEvent: OnBrokerEvent;
  onClosed(): void;
}

/** A lead lasts so many looks. */
const LEAD_LOOKS = 5;
/** Without a renewal for so many looks nothing is done any more: before another one leads. */
const STOP_LOOKS = 3;
/** Runs that wait for their next try do not keep others from beginning, up to this. */
const MOST_UNFINISHED = 10;

/**
 * Carries playbooks out for one group: looks at what their triggers look at, and where one holds and nothing speaks against
 * it, does its steps one after another, verifies, and stops or tells somebody. Any number may run for a group: one of them
 * leads. What it does next is stored before it is done, so that whoever leads after it goes on from there; what a former leader
 * writes late is refused. Made by `MessageBroker#autoRecover`.
 */
export class AutoRecoveryWorkflow implements AsyncDisposable {
  readonly #context: AutoRecoveryContext;
  readonly #options: ResolvedAutoRecoveryOptions;
  readonly #store: RecoveryStore;
  readonly #reader: SignalReader;
  readonly #watch = new TriggerWatch();
  readonly #stop = new AbortController();
  readonly #loop: Promise<void>;
  #leads = false;
  #cancelStop = () => {};
  /** Of the step that is under way. */
  #act = new AbortController();
  #acting: Promise<void> | undefined;
  #lastTrouble = '';

  constructor(context: AutoRecoveryContext, options: ResolvedAutoRecoveryOptions) {
    const { control } = context;
    this.#context = context;
    this.#options = options;
    this.#store = new RecoveryStore(control);
    const triggers = options.playbooks.map(({ when }) => when);
    this.#reader = new SignalReader(control, triggers, options.lookEveryMs);
    this.#loop = this.#run();
  }

  /** This one carries out: the others watch. */
  get leads(): boolean {
    return this.#leads;
  }

  /** Begins nothing any more; resolves when the step that is under way has stopped. Another one goes on with it. Twice is safe. */
  async close(): Promise<void> {
    this.#stop.abort();
    this.#act.abort();
    await this.#loop;
    await this.#acting;
    this.#cancelStop();
    this.#context.control[Symbol.dispose]();
    this.#context.onClosed();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      await this.#look().then(
        () => this.#trouble(''),
        (error) => this.#trouble(failureOf(error).note),
      );
      await pause(this.#context.control.clock, this.#options.lookEveryMs, signal);
    }
  }

  async #look(): Promise<void> {
    const { owner, control } = this.#context;
    const { lookEveryMs, playbooks } = this.#options;
    const askedMs = control.clock.nowMs();
    const state = await this.#store.lead(owner, LEAD_LOOKS * lookEveryMs);
    this.#leads = state.leads;
    if (!state.leads || state.off !== undefined) {
      this.#act.abort();
      return;
    }
    this.#leadFor(askedMs + STOP_LOOKS * lookEveryMs - control.clock.nowMs());
    if (this.#acting !== undefined) return;
    await this.#store.forget(owner, state.token, forgotten(state.runs, playbooks, state.nowMs));
    const signals = await this.#reader.read(state.nowMs);
    const next = (await this.#verify(state, signals)) ?? (await this.#begun(state, signals));
    if (next === undefined || this.#stop.signal.aborted) return;
    this.#act = new AbortController();
    const acting = this.#carryOut(next, state, signals, askedMs).catch((error) => this.#trouble(failureOf(error).note));
    this.#acting = acting.finally(() => {
      this.#acting = undefined;
    });
  }

  /** While this is not renewed the lead may be another one's. */
  #leadFor(ms: number): void {
    this.#cancelStop();
    this.#cancelStop = this.#context.control.clock.after(Math.max(0, ms), () => {
      this.#leads = false;
      this.#act.abort();
    });
  }

  /** Looks after those whose steps are done; returns one that has a step to do now. */
  async #verify(state: RecoveryState, signals: RecoverySignals): Promise<WorkflowRun | undefined> {
    const unfinished = state.runs.filter((run) => !isOver(run)).toSorted((a, b) => a.sinceMs - b.sinceMs);
    for (const run of unfinished) {
      const playbook = this.#playbookOf(run);
      if (playbook === undefined) {
        await this.#note(state, ended(run, 'cancelled', 'there is no such playbook any more', state.nowMs));
        continue;
      }
      const after = afterLook(run, playbook, leftOf(playbook.when, run.subject, signals), state.nowMs);
      if (after !== run) await this.#note(state, after);
      else if (run.state === 'running' && state.nowMs >= run.notBeforeMs) return run;
    }
    return undefined;
  }

  /** A run that begins now; undefined: none. */
  async #begun(state: RecoveryState, signals: RecoverySignals): Promise<WorkflowRun | undefined> {
    const due = this.#watch.due(this.#options.playbooks, signals);
    const unfinished = state.runs.filter((run) => !isOver(run));
    if (unfinished.length >= MOST_UNFINISHED) return undefined;
    for (const { playbook, hit } of due) {
      if (unfinished.some(({ playbook: name, subject }) => name === playbook.name && subject === hit.subject)) continue;
      if (restOf(playbook, hit, state.runs, state.nowMs) !== undefined) continue;
      if (objectionOf(playbook.checks, signals) !== undefined) continue;
      const run = beginRun(playbook, hit, state.nowMs);
      if (!this.#options.dryRun) return run;
      const steps = playbook.steps.map((step) => step.do).join(', ');
      await this.#note(state, ended(run, 'cancelled', `dry run: it would ${steps}; ${hit.evidence}`, state.nowMs));
      return undefined;
    }
    return undefined;
  }

  async #carryOut(run: WorkflowRun, state: RecoveryState, signals: RecoverySignals, askedMs: number): Promise<void> {
    const { owner, control, letters, onEvent } = this.#context;
    const { signal } = this.#act;
    const playbook = this.#playbookOf(run)!;
    const step = stepOf(run, playbook)!;
    const outcome = await this.#store.record(owner, state.token, 'act', run, `step ${run.step + 1}: ${step.do}`);
    if (outcome !== 'recorded' || signal.aborted) return;
    if (run.step === 0 && run.failures === 0) this.#tell(run);
    const context = {
      control,
      letters,
      onEvent,
      signal,
      members: signals.members,
      replaceMember: this.#options.replaceMember,
    };
    const result = await perform(step, run.subject, context).catch(failureOf);
    // It goes on from here: the step bears being done again.
    if (signal.aborted) return;
    const nowMs = state.nowMs + control.clock.nowMs() - askedMs;
    await this.#note(state, afterStep(run, playbook, result, nowMs));
  }

  async #note(state: RecoveryState, run: WorkflowRun): Promise<void> {
    const what = isOver(run)
      ? run.state
      : run.goneSinceMs !== undefined
        ? 'gone'
        : run.failures > 0
          ? 'failed'
          : 'done';
    const outcome = await this.#store.record(this.#context.owner, state.token, 'note', run, what);
    if (outcome === 'recorded' && isOver(run)) this.#tell(run);
  }

  #playbookOf({ playbook }: WorkflowRun): Playbook | undefined {
    return this.#options.playbooks.find(({ name }) => name === playbook);
  }

  #tell({ playbook, subject, state, evidence, note }: WorkflowRun): void {
    const { control, onEvent } = this.#context;
    const { topic, group } = control;
    onEvent({ kind: 'recovery', topic, group, playbook, subject, state, evidence, note });
  }

  /** Told when it begins, and when it is another one. */
  #trouble(reason: string): void {
    if (reason === this.#lastTrouble) return;
    this.#lastTrouble = reason;
    const { control, onEvent } = this.#context;
    if (reason !== '') onEvent({ kind: 'recovery-trouble', topic: control.topic, group: control.group, reason });
  }
}
