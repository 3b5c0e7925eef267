/**
 * The published driver interface (`gauntlet/driver`): how the harness meets a system under test. The reference broker's
 * own driver implements exactly this. Each worker process of a run creates its own driver from the same module.
 */

/** What a driver module exports. */
export interface DriverModule {
  createDriver(context: DriverContext): Driver | Promise<Driver>;
}

export interface DriverContext {
  /**
   * Which process this is. `control` prepares topics; `autoscaler` decides how many consumers there are, where the scenario
   * leaves that to the system; `inventory` reads back what is left after all others ended.
   */
  readonly role: 'control' | 'producer' | 'consumer' | 'autoscaler' | 'inventory';
  /** Addresses to connect to: already behind the proxies. */
  readonly endpoints: DriverEndpoints;
  /** The topic (queue, subject, ...) of this run; unique to it. */
  readonly topic: string;
  /** The consumer group of this run. */
  readonly group: string;
  /** `system.options` of the scenario, as written. The driver validates them. */
  readonly options: Readonly<Record<string, unknown>>;
  /**
   * Which of the `count` workers of its role this is (from 0); of consumers that come and go, `count` is the most that there
   * may be. A worker that was gone comes back with the next `incarnation`.
   */
  readonly worker: { readonly index: number; readonly count: number; readonly incarnation: number };
  /** How many messages one member of the group may handle at a time: each call of {@link Driver.consume} is one. */
  readonly concurrency: number;
  readonly log: (message: string) => void;
  /** Aborted when the run is over or given up. */
  readonly signal: AbortSignal;
}

export interface DriverEndpoints {
  readonly redis: {
    readonly topology: 'standalone' | 'replicated' | 'sentinel' | 'cluster';
    /** Client addresses; those that start as masters first. */
    readonly nodes: readonly NodeAddress[];
    /** Configured replicas of each master; none when left out. */
    readonly replicas?: number;
    /** With the topology `sentinel`. */
    readonly sentinel?: {
      /** Of the monitored master, as in `sentinel monitor <name>`. */
      readonly master: string;
      /** Client addresses. */
      readonly nodes: readonly NodeAddress[];
    };
    /**
     * From the `host:port` that a node announces (what Sentinel, MOVED and CLUSTER SLOTS name) to the one at which you
     * reach it. Announced addresses are for the nodes among each other: a driver that connects there is on other links
     * than the scenario thinks.
     */
    readonly natMap?: Readonly<Record<string, { readonly host: string; readonly port: number }>>;
    readonly username?: string;
    readonly password?: string;
  };
}

export interface NodeAddress {
  readonly name: string;
  readonly host: string;
  readonly port: number;
}

export interface DriverCapabilities {
  /** `key`: messages of one key are handled in publish order, one at a time. `none`: no promise, no such gate. */
  readonly ordering: 'key' | 'none';
  /** Whether {@link Driver.inventory} exists. Without it everything undelivered counts as lost. */
  readonly inventory: boolean;
  /** Whether {@link Driver.autoscale} exists: scenarios with `consumers.autoscale` need it. */
  readonly autoscale?: boolean;
  /** Longest time after which the system hands out an unsettled message again. The drain waits for it. */
  readonly redeliveryAfterMs: number;
  /**
   * Failed handlings before a message is given up on. With it the checker knows a healthy message that was given up on
   * too early (`collateral`); without it a single failed handling excuses that.
   */
  readonly maxAttempts?: number;
  /** What an acknowledgement stands for, in the system's own words (`replicated`, `fsync`): for the report only. */
  readonly durability?: string;
  /**
   * Whether {@link Driver.consume} may be called several times at once, each call a member of the group of its own: for
   * scenarios with `consumers.members`.
   */
  readonly severalMembers?: boolean;
}

export interface Driver extends AsyncDisposable {
  readonly name: string;
  readonly version: string;
  readonly capabilities: DriverCapabilities;
  /** Creates topics and groups; called once, in the `control` process, before any worker starts. */
  prepare?(signal: AbortSignal): Promise<void>;
  producer?(signal: AbortSignal): Promise<DriverProducer>;
  /**
   * Delivers messages to `handler` until `signal` aborts, then finishes what is in flight and resolves.
   * Resolves `ready` (calls it) once deliveries can begin. With {@link DriverCapabilities.severalMembers} it may be called
   * again before it has resolved.
   */
  consume?(handler: MessageHandler, ready: () => void, signal: AbortSignal): Promise<void>;
  /**
   * Has `scaler` keep as many consumers as the load needs, within `limits`, until `signal` aborts, then resolves. Calls
   * `ready` once it looks. Runs in a process of its own for the length of the load.
   */
  autoscale?(scaler: ConsumerScaler, limits: ConsumerLimits, ready: () => void, signal: AbortSignal): Promise<void>;
  /** Everything the system still holds of the topic, message by message. */
  inventory?(signal: AbortSignal): AsyncIterable<StoredMessage>;
  /** Figures of the system's own, for the report's *system* section. Never used for a verdict. */
  gauges?(): Readonly<Record<string, number>>;
}

/** Fewest and most consumers. As many as `min` run from the beginning, and always. */
export interface ConsumerLimits {
  readonly min: number;
  readonly max: number;
}

/** What a driver's autoscaler moves: the harness starts and ends the consumer processes. */
export interface ConsumerScaler {
  /**
   * From now on so many consumers are to run; `reason` is for people. Resolves when those that are too many have ended in
   * order, and those that are missing have been started; rejects where it cannot be. Does nothing once the load is over.
   */
  scaleTo(members: number, reason: string): Promise<void>;
  /** What the system sees, for the picture in the report. As often as it looks. */
  tell(look: ScalingLook): void;
}

export interface ScalingLook {
  /** How many consumers the load needs, as a fraction, before limits and hysteresis. */
  readonly needed: number;
  /** Messages that come in. */
  readonly ratePerSec: number;
  /** Messages that wait, by the system's own estimate. */
  readonly backlog: number;
  /** What a handler takes. */
  readonly serviceMs: number;
}

export interface DriverProducer extends AsyncDisposable {
  /**
   * Hands over all messages due in one tick. Never throws for a message's fate: `onOutcome` is called exactly once for
   * every message, by its index in `batch`, from this call or later. The array is the driver's to keep.
   */
  publish(batch: readonly OutgoingMessage[], onOutcome: OnOutcome): void;
  /**
   * Says that publishing would block: a promise that resolves when it would no longer; `undefined` when it would not.
   * While it is pending the generator holds messages back, and the wait counts as the system's, not the generator's.
   */
  capacity?(): Promise<void> | undefined;
}

export interface OutgoingMessage {
  /** Unique; the system must report it back unchanged. */
  readonly id: string;
  /** Ordering key; `undefined` for a keyless message. */
  readonly key: string | undefined;
  readonly payload: Buffer;
  /** 0 is the most important. */
  readonly priority: number;
}

export type OnOutcome = (index: number, outcome: Outcome) => void;

/** A timeout is not a failure: there are three outcomes. */
export type Outcome =
  | { readonly kind: 'accepted' }
  /** Definitely not stored. */
  | { readonly kind: 'rejected'; readonly reason: RejectReason; readonly detail?: string }
  /** Failed without saying whether it was stored. */
  | { readonly kind: 'indeterminate'; readonly detail?: string };

export const REJECT_REASONS = ['back-pressure', 'shed', 'rate-limit', 'circuit-open', 'too-large', 'other'] as const;
export type RejectReason = (typeof REJECT_REASONS)[number];

export const ACCEPTED: Outcome = { kind: 'accepted' };

/**
 * Handles one message. Returns (or resolves) when it is handled and may be settled; throws (or rejects) when it failed.
 * An error with `permanent: true` says that no retry can help.
 */
export type MessageHandler = (message: IncomingMessage) => void | Promise<void>;

export interface IncomingMessage {
  readonly id: string;
  readonly key: string | undefined;
  /** Valid until the handler's promise settles; copy what you keep. */
  readonly payload: Buffer;
  readonly partition: number;
  /** 1 for the first delivery, as far as the system knows. */
  readonly attempt: number;
}

export interface StoredMessage {
  readonly id: string;
  readonly payload: Buffer;
  readonly place: StoredPlace;
}

/** Dead letters and quarantine are final; the other places still owe the message to a consumer. */
export const STORED_PLACES = ['log', 'pending', 'retry', 'parked', 'dead-letters', 'quarantine'] as const;
export type StoredPlace = (typeof STORED_PLACES)[number];
