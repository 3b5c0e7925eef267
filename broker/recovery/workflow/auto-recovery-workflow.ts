import type { OnBrokerEvent } from '../../broker-event.js';
import { pause } from '../../clock.js';
import type { GroupControl } from '../../groups/group-control.js';
import type { DeadLetters } from '../dead-letters.js';
import type { Playbook } from './playbook.js';
import type { ResolvedAutoRecoveryOptions } from './recovery-options.js';
import { type RecoveryState, RecoveryStore } from './recovery-store.js';
import { SignalReader } from './signal-reader.js';
import { type DueRun, leftOf, objectionOf, type RecoverySignals, TriggerWatch } from './signals.js';
import { failureOf, perform } from './steps.js';
import {
  afterLook,
  afterStep,
  beginRun,
  ended,
  forgotten,
  isOver,
  planOf,
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
/** A step that ends its process each time is not begun for ever. */
const MOST_BEGINNINGS = 30;

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
  readonly #watch: TriggerWatch;
  readonly #stop = new AbortController();
  readonly #loop: Promise<void>;
  #leads = false;
  #cancelStop = () => {};
  /** Of the step that is under way. */
  #act = new AbortController();
  #acting: Promise<void> | undefined;
  /** With a dry run: what was told, and holds still. */
  #told: ReadonlySet<string> = new Set();
  #lastTrouble = '';

  constructor(context: AutoRecoveryContext, options: ResolvedAutoRecoveryOptions) {
    const { control } = context;
    this.#context = context;
    this.#options = options;
    this.#store = new RecoveryStore(control);
    const triggers = options.playbooks.map(({ when }) => when);
    this.#reader = new SignalReader(control, triggers, options.lookEveryMs);
    this.#watch = new TriggerWatch(LEAD_LOOKS * options.lookEveryMs);
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

  /** The lead is renewed at its pace, however long a look or a step takes. */
  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      await this.#renew().then(
        (state) => {
          if (state === undefined || this.#acting !== undefined || signal.aborted) return;
          this.#acting = this.#look(state).then(
            () => this.#end(''),
            (error) => this.#end(failureOf(error).note),
          );
        },
        (error) => this.#trouble(failureOf(error).note),
      );
      await pause(this.#context.control.clock, this.#options.lookEveryMs, signal);
    }
  }

  #end(trouble: string): void {
    this.#acting = undefined;
    this.#trouble(trouble);
  }

  /** What is stored, where this one is to look; with a dry run that is whoever leads. */
  async #renew(): Promise<RecoveryState | undefined> {
    const { owner, control } = this.#context;
    const { lookEveryMs, dryRun } = this.#options;
    if (dryRun) return await this.#store.read();
    const askedMs = control.clock.nowMs();
    const state = await this.#store.lead(owner, LEAD_LOOKS * lookEveryMs);
    this.#leads = state.leads;
    if (!state.leads || state.off !== undefined) {
      this.#act.abort();
      return undefined;
    }
    this.#leadFor(askedMs + STOP_LOOKS * lookEveryMs - control.clock.nowMs());
    return state;
  }

  async #look(state: RecoveryState): Promise<void> {
    const { owner, control } = this.#context;
    const { dryRun, playbooks } = this.#options;
    const readMs = control.clock.nowMs();
    const signals = await this.#reader.read(state.nowMs);
    const due = this.#watch.due(playbooks, signals);
    if (dryRun) {
      this.#tellDue(due, state, signals);
      return;
    }
    await this.#store.forget(owner, state.token, forgotten(state.runs, playbooks, state.nowMs));
    const next = (await this.#verify(state, signals)) ?? this.#begun(due, state, signals);
    if (next === undefined || this.#stop.signal.aborted || !this.#leads) return;
    this.#act = new AbortController();
    await this.#carryOut(next, state, signals, readMs);
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
      if (playbook === undefined || run.plan !== planOf(playbook)) {
        const why =
          playbook === undefined ? 'there is no such playbook any more' : 'its playbook is another one by now';
        await this.#note(state, ended(run, 'cancelled', why, state.nowMs));
        continue;
      }
      const after = afterLook(run, playbook, leftOf(playbook.when, run.subject, signals), state.nowMs);
      if (after !== run) await this.#note(state, after);
      else if (run.state === 'running' && state.nowMs >= run.notBeforeMs) {
        // Much may have passed since it began: what was checked then is checked before each step.
        if (objectionOf(playbook.checks, signals) === undefined) return run;
      }
    }
    return undefined;
  }

  /** A run that begins now; undefined: none. */
  #begun(due: readonly DueRun[], state: RecoveryState, signals: RecoverySignals): WorkflowRun | undefined {
    const unfinished = state.runs.filter((run) => !isOver(run));
    if (unfinished.length >= MOST_UNFINISHED) return undefined;
    for (const { playbook, hit } of due) {
      if (unfinished.some(({ playbook: name, subject }) => name === playbook.name && subject === hit.subject)) continue;
      if (restOf(playbook, hit, state.runs, state.nowMs) !== undefined) continue;
      if (objectionOf(playbook.checks, signals) === undefined) return beginRun(playbook, hit, state.nowMs);
    }
    return undefined;
  }

  /** What would begin, once for as long as it holds; nothing is stored, and nobody is kept from doing it. */
  #tellDue(due: readonly DueRun[], { nowMs }: RecoveryState, signals: RecoverySignals): void {
    const told = new Set<string>();
    for (const { playbook, hit } of due) {
      if (objectionOf(playbook.checks, signals) !== undefined) continue;
      const name = `${playbook.name} ${hit.subject}`;
      told.add(name);
      if (this.#told.has(name)) continue;
      const steps = playbook.steps.map((step) => step.do).join(', ');
      this.#tell(ended(beginRun(playbook, hit, nowMs), 'cancelled', `dry run: it would ${steps}`, nowMs));
    }
    this.#told = told;
  }

  async #carryOut(run: WorkflowRun, state: RecoveryState, signals: RecoverySignals, readMs: number): Promise<void> {
    const { owner, control, letters, onEvent } = this.#context;
    const { replaceMember } = this.#options;
    const { signal } = this.#act;
    const playbook = this.#playbookOf(run)!;
    const step = stepOf(run, playbook)!;
    const nowMs = () => state.nowMs + control.clock.nowMs() - readMs;
    const begun = { ...run, begun: run.begun + 1 };
    if (begun.begun > MOST_BEGINNINGS) {
      const note = `step ${run.step + 1}, ${step.do}, was begun ${run.begun} times, and nobody came to its end`;
      await this.#note(state, ended(run, 'escalated', note, nowMs()));
      return;
    }
    const outcome = await this.#store.record(owner, state.token, 'act', begun, `step ${run.step + 1}: ${step.do}`);
    if (outcome !== 'recorded' || signal.aborted) return;
    if (run.step === 0 && run.begun === 0) this.#tell(run);
    const context = { control, letters, onEvent, signal, signals, replaceMember, playbook: run.playbook };
    const result = await perform(step, run.subject, context).catch(failureOf);
    // It goes on from here: the step bears being done again.
    if (signal.aborted) return;
    await this.#note(state, afterStep(begun, playbook, result, nowMs()));
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
