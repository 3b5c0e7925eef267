import { BrokerError } from '../broker-error.js';
import { timerMs, wholeAtLeast } from '../groups/checked-number.js';

/** What of a message is taken for poison, which goes to the quarantine (docs/guide/poison.md). */
export interface PoisonOptions {
  /**
   * Consumers that may die while they handle a message that was named as a suspect (default 2). The last of these trials runs
   * with nothing else in the subscription. `false`: deaths are nobody's doing.
   */
  readonly maxKills?: number | false;
  /** A handler that has not returned for so long is told of by a `message-hanging` event (default: none is). */
  readonly hangingMs?: number;
  /** What besides: `warn` (default) nothing; `quarantine` sets its message aside, while its key stays blocked here. */
  readonly onHang?: 'warn' | 'quarantine';
  /**
   * A message that has failed alike on so many consumers goes to the quarantine before its attempts are used up, where others
   * succeed (default 2). `false`: it does not.
   */
  readonly poisonConsumers?: number | false;
  /** Larger ones, encoded, are not handled (default: all are). */
  readonly maxMessageBytes?: number;
}

export interface ResolvedPoisonOptions {
  /** Infinity: never, as of the other four. */
  readonly maxKills: number;
  readonly hangingMs: number;
  readonly onHang: 'warn' | 'quarantine';
  readonly poisonConsumers: number;
  readonly maxMessageBytes: number;
}

/** Throws BrokerError `bad-option`. */
export function resolvePoisonOptions(options: PoisonOptions): ResolvedPoisonOptions {
  const { maxKills = 2, hangingMs, onHang = 'warn', poisonConsumers = 2, maxMessageBytes } = options;
  if (onHang !== 'warn' && onHang !== 'quarantine') {
    throw new BrokerError('bad-option', `onHang '${String(onHang)}': 'warn' or 'quarantine'`);
  }
  if (onHang === 'quarantine' && hangingMs === undefined) {
    throw new BrokerError('bad-option', "onHang 'quarantine': after how long? Give hangingMs, too");
  }
  return {
    maxKills: maxKills === false ? Number.POSITIVE_INFINITY : wholeAtLeast('maxKills', maxKills, 1),
    hangingMs: hangingMs === undefined ? Number.POSITIVE_INFINITY : timerMs('hangingMs', hangingMs, 1),
    onHang,
    poisonConsumers:
      poisonConsumers === false ? Number.POSITIVE_INFINITY : wholeAtLeast('poisonConsumers', poisonConsumers, 2),
    maxMessageBytes:
      maxMessageBytes === undefined ? Number.POSITIVE_INFINITY : wholeAtLeast('maxMessageBytes', maxMessageBytes, 1),
  };
}
