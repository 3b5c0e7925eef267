/** What the broker reports while it runs, besides outcomes: given to `onEvent`. */
export type BrokerEvent =
  | { readonly kind: 'connected'; readonly link: string; readonly history: string }
  | { readonly kind: 'disconnected'; readonly link: string; readonly reason: string }
  /** Redis has lost messages that it had acknowledged (restarted without them, or failed over). */
  | {
      readonly kind: 'acknowledged-loss';
      readonly topic: string;
      readonly partition: number;
      readonly firstSequence: number;
      readonly lastSequence: number;
    }
  /** Another member acquired this partition: the subscription no longer handles it. */
  | { readonly kind: 'ownership-lost'; readonly topic: string; readonly group: string; readonly partition: number }
  /** The tenure was started anew because Redis' history changed. */
  | { readonly kind: 'reacquired'; readonly topic: string; readonly group: string; readonly partition: number }
  | { readonly kind: 'dead-lettered'; readonly topic: string; readonly group: string; readonly id: string }
  | { readonly kind: 'quarantined'; readonly topic: string; readonly group: string; readonly position: string };

export type OnBrokerEvent = (event: BrokerEvent) => void;
