import type { OnBrokerEvent } from '../broker-event.js';
import type { Clock } from '../clock.js';
import type { Delivery } from '../groups/delivery.js';
import type { Dispatcher } from '../groups/dispatcher.js';
import type { EntrySink } from '../groups/entry-reader.js';
import type { Acquired, Fenced } from '../groups/lease-scripts.js';
import type { OutcomeRecorder } from '../groups/outcome-recorder.js';
import type { SetAside } from '../groups/set-aside.js';
import type { RetrySink } from '../groups/stored-retries.js';
import type { Tenure } from '../groups/tenure.js';
import { HangingWatch } from './hanging-watch.js';
import type { ResolvedPoisonOptions } from './poison-options.js';
import { failsEverywhere, type RecentHandlings } from './same-failure.js';
import { SuspectTrials } from './suspect-trials.js';
import { Suspicion } from './suspicion.js';

type Recorder = Pick<
  OutcomeRecorder,
  'admit' | 'admitRetry' | 'quarantine' | 'quarantineRow' | 'setAside' | 'setAsideRunning'
>;
type Dispatching = Pick<
  Dispatcher,
  'enqueue' | 'enqueueFirst' | 'quiesce' | 'startAlone' | 'releaseAlone' | 'pump' | 'pending'
>;

export interface PoisonMessageHandlerOptions {
  readonly topic: string;
  readonly group: string;
  readonly owner: string;
  readonly clock: Clock;
  readonly options: ResolvedPoisonOptions;
  /** How long a trial with nothing beside it waits for handlers that run. */
  readonly patienceMs: number;
  /** How long any trial may take. */
  readonly trialLimitMs: number;
  readonly onEvent: OnBrokerEvent;
  readonly recorder: Recorder;
  readonly dispatcher: Dispatching;
  /** What this consumer's handlers did lately. */
  recent(): RecentHandlings;
  /** A renewal is wanted before its time. */
  renewSoon(): void;
  onFenced(tenure: Tenure, fenced: Fenced): void;
}

/**
 * Decides which messages are poison, and sets them aside before they do more harm: those that cannot be decoded, are too
 * large, hang, fail alike wherever they are tried, or end the process that handles them (docs/guide/poison.md).
 */
export class PoisonMessageHandler {
  readonly #options: PoisonMessageHandlerOptions;
  readonly #trials: SuspectTrials;
  readonly #hanging: HangingWatch;
  #setAside: SetAside = new Map();

  constructor(options: PoisonMessageHandlerOptions) {
    this.#options = options;
    const { owner, clock, onFenced, patienceMs, trialLimitMs, dispatcher } = options;
    const { maxKills, hangingMs } = options.options;
    this.#hanging = new HangingWatch(hangingMs);
    this.#trials = new SuspectTrials({
      owner,
      clock,
      maxKills,
      onFenced,
      limitMs: trialLimitMs,
      handOut: (delivery) => {
        delivery.isOnTrial = true;
        dispatcher.enqueueFirst(delivery);
        dispatcher.pump();
      },
      quiesce: (delivery) => dispatcher.quiesce(delivery, patienceMs),
      handOutAlone: (delivery) => dispatcher.startAlone(delivery),
      release: (delivery) => dispatcher.releaseAlone(delivery),
    });
  }

  /** Where messages go that are read from the log. */
  readonly entrySink: EntrySink = {
    onMessage: (delivery) => {
      const { tenure, entry, index, decoded } = delivery;
      const recorder = this.#options.recorder;
      if (decoded.size <= this.#options.options.maxMessageBytes) recorder.admit(delivery);
      else recorder.quarantine(tenure, entry!, index, 'oversized', decoded.raw);
    },
    onUndecodable: (...args) => this.#options.recorder.quarantine(...args),
  };

  /** Where messages go that are taken up from the retry rows. */
  readonly retrySink: RetrySink = {
    onRetry: (delivery, dueAtMs) => {
      delivery.tenure.suspicion?.takeRow(delivery, dueAtMs <= this.#options.clock.wallMs());
      this.#options.recorder.admitRetry(delivery, dueAtMs);
    },
    onUndecodable: (...args) => this.#options.recorder.quarantineRow(...args),
  };

  /** The same of those that were put back: no owner has had them. */
  readonly redrivenSink: RetrySink = {
    onRetry: (delivery, dueAtMs) => {
      delivery.tenure.suspicion?.takeRow(delivery, false);
      this.#options.recorder.admitRetry(delivery, dueAtMs);
    },
    onUndecodable: (...args) => this.#options.recorder.quarantineRow(...args),
  };

  /** A tenure begins: before anything of it is taken in. */
  begun(tenure: Tenure, { lapse, kills }: Acquired): void {
    if (this.#options.options.maxKills === Number.POSITIVE_INFINITY) return;
    if (lapse !== undefined || kills.size > 0) tenure.suspicion = new Suspicion(lapse, kills);
  }

  /** A renewal is confirmed. */
  renewed(tenure: Tenure): void {
    const { suspicion, position } = tenure;
    if (suspicion === undefined) return;
    const passing = suspicion.renewed(tenure.namedHi);
    for (const delivery of passing) this.#options.dispatcher.enqueue(delivery);
    if (suspicion.isOver(position.low)) tenure.suspicion = undefined;
    if (passing.length > 0) this.#options.dispatcher.pump();
    this.#renew(suspicion);
  }

  /** Has a message that is ready handled, now or when it may be. */
  ready(delivery: Delivery): void {
    const { suspicion } = delivery.tenure;
    const passage = suspicion === undefined ? 'pass' : suspicion.passage(delivery);
    if (passage === 'pass') this.#options.dispatcher.enqueue(delivery);
    else if (passage === 'hold') this.#renew(suspicion);
    else this.#suspect(delivery);
  }

  /** The same, out of the blue. */
  due(delivery: Delivery): void {
    this.ready(delivery);
    this.#options.dispatcher.pump();
  }

  /** A handler has returned, or thrown: after what came of it was noted. */
  returned(delivery: Delivery): void {
    const { suspicion } = delivery.tenure;
    if (suspicion === undefined) return;
    delivery.isOnTrial = false;
    suspicion.returned(delivery);
    this.#trials.returned(delivery);
    this.#renew(suspicion);
  }

  /** The group is seen: causes that are set aside in it. */
  observe(setAside: SetAside): void {
    this.#setAside = setAside;
  }

  /**
   * Why a message that has just failed is to be given up for that; undefined: it is not. What it was redriven from does not
   * count any more.
   */
  reasonOf({ failures, forgivenAttempts }: Delivery): 'set-aside' | 'same-failure' | undefined {
    const { options, recent, clock } = this.#options;
    const untilMs = this.#setAside.get(failures.at(-1)?.fingerprint ?? '');
    if (untilMs !== undefined && clock.wallMs() < untilMs) return 'set-aside';
    const counted = failures.filter(({ attempt }) => attempt > forgivenAttempts);
    return failsEverywhere(counted, options.poisonConsumers, recent) ? 'same-failure' : undefined;
  }

  /** Looks whether handlers hang. */
  look(): void {
    const { topic, group, clock, options, onEvent, recorder, dispatcher } = this.#options;
    const nowMs = clock.nowMs();
    for (const delivery of this.#hanging.look(dispatcher.pending, nowMs)) {
      const { partition, id, key, attempt, startedAtMs, tenure } = delivery;
      const runningMs = Math.round(nowMs - startedAtMs);
      const isSetAside = options.onHang === 'quarantine' && !tenure.isOver;
      if (isSetAside) {
        tenure.suspicion?.returned(delivery);
        recorder.setAsideRunning(delivery, runningMs);
      }
      onEvent({ kind: 'message-hanging', topic, group, partition, id, key, attempt, runningMs, isSetAside });
    }
  }

  /** Tries nothing more. */
  stop(): void {
    this.#trials.stop();
  }

  #suspect(delivery: Delivery): void {
    const { recorder, options } = this.#options;
    const { suspicion } = delivery.tenure;
    const kills = suspicion?.killsOf(delivery) ?? [];
    if (kills.length < options.maxKills) {
      this.#trials.add(delivery);
      return;
    }
    suspicion?.returned(delivery);
    recorder.setAside(delivery, 'killer', { kills });
  }

  #renew(suspicion: Suspicion | undefined): void {
    if (suspicion?.wantsRenewal === true) this.#options.renewSoon();
  }
}
