import { inspect } from 'node:util';
import type { BrokerError } from '../broker-error.js';
import type { OutgoingMessage } from './message.js';
import type { OnPublishOutcome } from './outgoing-frame.js';

/** It is called in the midst of a pipeline's replies: what it threw would leave other messages without their outcomes. */
export function guarded(onOutcome: OnPublishOutcome): OnPublishOutcome {
  return (index, outcome) => {
    try {
      onOutcome(index, outcome);
    } catch (error) {
      process.emitWarning(`onOutcome failed on message ${index}: ${inspect(error)}`, 'BrokerWarning');
    }
  };
}

export function rejectAll(messages: readonly OutgoingMessage[], onOutcome: OnPublishOutcome, error: BrokerError): void {
  for (let i = 0; i < messages.length; i++) onOutcome(i, { kind: 'rejected', error });
}
