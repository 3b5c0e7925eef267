import { BrokerError } from '../broker-error.js';
import { timerMs } from './checked-number.js';

export interface LeaseTiming {
  /** A challenger may take over after having seen a row unchanged for this long. */
  readonly durationMs: number;
  readonly renewMs: number;
  /** The owner stops handling when nothing was confirmed that it sent within this time. */
  readonly stopMs: number;
}

export interface LeaseOptions {
  readonly leaseDurationMs: number;
  readonly leaseRenewMs: number;
  readonly leaseStopMs: number;
}

/** Throws BrokerError `bad-option`, of the first of them that does not go with the next. */
export function checkedTiming({ leaseDurationMs, leaseRenewMs, leaseStopMs }: LeaseOptions): LeaseTiming {
  const renewMs = timerMs('leaseRenewMs', leaseRenewMs, 1);
  const stopMs = timerMs('leaseStopMs', leaseStopMs, 1);
  const durationMs = timerMs('leaseDurationMs', leaseDurationMs, 1);
  if (renewMs >= stopMs) {
    const reason = 'an owner that has not renewed by then handles nothing more';
    throw new BrokerError('bad-option', tooLong('leaseRenewMs', renewMs, 'leaseStopMs', stopMs, reason));
  }
  if (stopMs >= durationMs) {
    const reason = 'another member may take over then';
    throw new BrokerError('bad-option', tooLong('leaseStopMs', stopMs, 'leaseDurationMs', durationMs, reason));
  }
  return { durationMs, renewMs, stopMs };
}

/** How long a seat is kept; at the least as long as a lease. Throws BrokerError `bad-option`. */
export function checkedSession(given: number | undefined, { durationMs }: LeaseTiming): number {
  const sessionMs = timerMs('sessionTimeoutMs', given ?? Math.max(10_000, durationMs), 1);
  if (sessionMs >= durationMs) return sessionMs;
  const bound = `at least leaseDurationMs (${durationMs})`;
  const reason = 'a seat that goes before its leases would be given to others too early';
  const remedy = 'raise sessionTimeoutMs, or lower the times of the lease';
  throw new BrokerError('bad-option', `sessionTimeoutMs ${sessionMs}: ${bound}, ${reason}: ${remedy}`);
}

/** A confirmation later than this would come too late for the renewal behind it. */
export function waitMsOf({ renewMs, stopMs }: LeaseTiming): number {
  return Math.max(1, Math.floor(stopMs - renewMs));
}

function tooLong(name: string, value: number, bound: string, boundMs: number, reason: string): string {
  return `${name} ${value}: below ${bound} (${boundMs}), since ${reason}: lower ${name}, or raise ${bound}`;
}
