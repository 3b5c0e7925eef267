import { BrokerError } from '../broker-error.js';
import type { PublishOutcome } from './outgoing-frame.js';

/** Of a message that was sent: it may be stored, or not. */
export const INDETERMINATE: PublishOutcome = {
  kind: 'indeterminate',
  error: new BrokerError('indeterminate', 'no answer by the deadline: the message may be stored, or not'),
};

/** Of a message that no log has taken. */
export const EXPIRED: PublishOutcome = {
  kind: 'rejected',
  error: new BrokerError('expired', 'the deadline passed before the message could be sent: it is not stored'),
};
