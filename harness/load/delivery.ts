import { NO_ORDINAL, type UnexpectedReason } from '../ledger/record.js';
import { POISON_KINDS } from '../scenario/scenario.js';
import { inspectPayload, messageId, parseMessageId } from './payload.js';
import { keyName, type LoadPlan } from './plan.js';

/** Which planned message a delivery is, and what is wrong with it. */
export interface DeliveryCheck {
  /** NO_ORDINAL when it belongs to no message of this run. */
  readonly ordinal: number;
  readonly problem: UnexpectedReason | undefined;
}

/** What a driver reports of a message; the inventory reports no keys. */
export interface ReportedMessage {
  readonly id: string;
  readonly payload: Buffer;
  readonly key?: string | undefined;
}

/**
 * The payload is a message's identity: the id that the driver reports, and what the plan says of the ordinal, must agree
 * with it. The key is checked by {@link verifyDelivery} only.
 */
export function verifyContent(plan: LoadPlan, nonce: string, message: ReportedMessage): DeliveryCheck {
  const payload = Buffer.isBuffer(message.payload) ? inspectPayload(message.payload) : undefined;
  if (payload === undefined) {
    const id = parseMessageId(message.id);
    const known = id !== undefined && id.nonce === nonce && id.ordinal < plan.count;
    return { ordinal: known ? id.ordinal : NO_ORDINAL, problem: 'corrupt-payload' };
  }
  if (payload.nonce !== nonce) return { ordinal: NO_ORDINAL, problem: 'foreign-nonce' };
  const { ordinal } = payload;
  if (ordinal >= plan.count) return { ordinal: NO_ORDINAL, problem: 'unknown-ordinal' };
  if (message.id !== messageId(nonce, ordinal)) return { ordinal, problem: 'id-mismatch' };
  const poison = plan.poison[ordinal]!;
  const asPlanned = payload.key === plan.key[ordinal] && payload.poison === POISON_KINDS[poison - 1];
  return { ordinal, problem: asPlanned ? undefined : 'corrupt-payload' };
}

/** {@link verifyContent}, and the reported key must be the planned one. */
export function verifyDelivery(plan: LoadPlan, nonce: string, message: ReportedMessage): DeliveryCheck {
  const check = verifyContent(plan, nonce, message);
  if (check.problem !== undefined || message.key === keyName(plan.key[check.ordinal]!)) return check;
  return { ordinal: check.ordinal, problem: 'key-mismatch' };
}
