import { BrokerError } from '../broker-error.js';
import { type Clock, pause } from '../clock.js';
import type { DeadLetter } from './dead-letter.js';
import type { RedriveFate } from './redrive-script.js';

export interface RedriveOptions {
  /** Tells only what would be put back. */
  readonly dryRun?: boolean;
  /** At most so many each second (default 100). */
  readonly perSecond?: number;
  /** So many go first (default 1; 0: none): unless all of them are handled, the others stay where they are. */
  readonly canaries?: number;
  /** Longest wait for the canaries (default 60,000). */
  readonly canaryTimeoutMs?: number;
  /** Longest wait for room where the group has as many retries as it takes (default 60,000). */
  readonly roomTimeoutMs?: number;
  /** Puts back so many at the most (default: all that there are). */
  readonly limit?: number;
  readonly signal?: AbortSignal;
  /** After each batch, and when the canaries have arrived. */
  onProgress?(summary: RedriveSummary): void;
}

export type ResolvedRedriveOptions = Required<Omit<RedriveOptions, 'signal' | 'onProgress'>> &
  Pick<RedriveOptions, 'signal' | 'onProgress'>;

export interface RedriveSummary {
  /** Dead letters that were looked at. */
  readonly found: number;
  readonly redriven: number;
  /** Redriven or purged by somebody else meanwhile. */
  readonly gone: number;
  /** Their messages are among the retries already. */
  readonly busy: number;
  /** They were to go next, and their partition has as many retries as it takes: room is waited for. */
  readonly waiting: number;
  /**
   * Why it did not go on: a canary failed again, or was not handled in time; no room came in time; or the signal was aborted,
   * or the broker closed.
   */
  readonly stoppedBy: 'canary-failed' | 'canary-timeout' | 'full' | 'aborted' | undefined;
}

/** The group as {@link redrive} needs it. */
export interface RedriveTarget {
  readonly clock: Clock;
  /** Puts dead letters of one partition back. */
  move(letters: readonly DeadLetter[]): Promise<RedriveFate[]>;
  /** The message is among the retries: it is handled, or will be. */
  isWaiting(letter: DeadLetter): Promise<boolean>;
  /** The message has been given up anew. */
  isDeadAgain(letter: DeadLetter): Promise<boolean>;
}

const LARGEST_RATE = 100_000;
const MOST = Number.MAX_SAFE_INTEGER;
const TICK_MS = 100;
const CANARY_LOOK_MS = 100;
/** The most dead letters that one call to the server names. */
export const LARGEST_BATCH = 100;

/** Throws BrokerError `bad-option`. */
export function resolveRedriveOptions(options: RedriveOptions): ResolvedRedriveOptions {
  const resolved = {
    dryRun: false,
    perSecond: 100,
    canaries: 1,
    canaryTimeoutMs: 60_000,
    roomTimeoutMs: 60_000,
    limit: MOST,
    ...options,
  };
  const { perSecond, canaries, canaryTimeoutMs, roomTimeoutMs, limit } = resolved;
  const check = (name: string, value: number, isFine: boolean, expected: string) => {
    if (!isFine) throw new BrokerError('bad-option', `redrive: ${name} is ${value}; expected ${expected}`);
  };
  const isRate = Number.isFinite(perSecond) && perSecond > 0 && perSecond <= LARGEST_RATE;
  check('perSecond', perSecond, isRate, `a number above 0, at most ${LARGEST_RATE}`);
  check('canaries', canaries, Number.isInteger(canaries) && canaries >= 0, 'a whole number, 0 for none');
  for (const [name, ms] of Object.entries({ canaryTimeoutMs, roomTimeoutMs })) {
    check(name, ms, Number.isFinite(ms) && ms > 0, 'above 0');
  }
  check('limit', limit, Number.isInteger(limit) && limit > 0, 'a whole number above 0');
  return resolved;
}

/** Canaries first, then the others at an even pace. */
export async function redrive(
  letters: AsyncIterable<DeadLetter>,
  options: ResolvedRedriveOptions,
  target: RedriveTarget,
): Promise<RedriveSummary> {
  const { dryRun, perSecond, canaries, limit, roomTimeoutMs, signal, onProgress } = options;
  const { clock } = target;
  const counts = { found: 0, redriven: 0, gone: 0, busy: 0, waiting: 0 };
  const summary = (stoppedBy?: RedriveSummary['stoppedBy']): RedriveSummary => ({ ...counts, stoppedBy });
  const perTick = Math.max(1, Math.min(LARGEST_BATCH, Math.floor((perSecond * TICK_MS) / 1_000)));
  const batch: DeadLetter[] = [];
  let scouts: DeadLetter[] = [];
  let dueMs = clock.nowMs();

  const pace = async (sent: number) => {
    dueMs = Math.max(dueMs, clock.nowMs()) + (sent / perSecond) * 1_000;
    const aheadMs = dueMs - clock.nowMs();
    if (aheadMs > 0) await pause(clock, aheadMs, signal);
  };
  /** Until all of the batch have gone, as far as there is room for them; why that is not so. */
  const send = async (): Promise<RedriveSummary['stoppedBy']> => {
    let deadlineMs = clock.nowMs() + roomTimeoutMs;
    for (let left = batch.splice(0); left.length > 0; ) {
      const fates = dryRun ? [] : await target.move(left);
      const full = left.filter((_, i) => fates[i] === 'full');
      for (const [i, fate] of fates.entries()) {
        if (fate === 'full') continue;
        counts[fate]++;
        if (fate === 'redriven' && scouts.length < canaries) scouts.push(left[i]!);
      }
      counts.waiting = full.length;
      onProgress?.(summary());
      if (dryRun) return undefined;
      if (full.length < left.length) deadlineMs = clock.nowMs() + roomTimeoutMs;
      else if (clock.nowMs() >= deadlineMs) return 'full';
      await pace(left.length);
      if (full.length > 0 && signal?.aborted) return 'aborted';
      left = full;
    }
    return undefined;
  };

  let isScouted = dryRun || canaries === 0;
  for await (const letter of letters) {
    if (signal?.aborted) return summary('aborted');
    if (counts.found === limit) break;
    const isOther = batch.length > 0 && batch[0]!.partition !== letter.partition;
    let stoppedBy = isOther ? await send() : undefined;
    counts.found++;
    batch.push(letter);
    if (batch.length >= (isScouted ? perTick : Math.min(perTick, canaries - scouts.length))) stoppedBy ??= await send();
    if (!isScouted && scouts.length >= canaries) {
      stoppedBy ??= await fateOf(scouts, options, target);
      isScouted = true;
      scouts = [];
    }
    if (stoppedBy !== undefined) return summary(stoppedBy);
  }
  const stoppedBy = await send();
  if (stoppedBy !== undefined) return summary(stoppedBy);
  if (isScouted) return summary(signal?.aborted ? 'aborted' : undefined);
  return summary(await fateOf(scouts, options, target));
}

/** Waits until the canaries are handled; why that is not so. */
async function fateOf(
  scouts: readonly DeadLetter[],
  { canaryTimeoutMs, signal }: ResolvedRedriveOptions,
  { clock, isWaiting, isDeadAgain }: RedriveTarget,
): Promise<RedriveSummary['stoppedBy']> {
  const deadlineMs = clock.nowMs() + canaryTimeoutMs;
  let waiting = [...scouts];
  while (waiting.length > 0) {
    const still = await Promise.all(waiting.map(isWaiting));
    const arrived = waiting.filter((_, i) => !still[i]);
    for (const letter of arrived) if (await isDeadAgain(letter)) return 'canary-failed';
    waiting = waiting.filter((_, i) => still[i]);
    if (waiting.length === 0) return undefined;
    if (signal?.aborted) return 'aborted';
    if (clock.nowMs() >= deadlineMs) return 'canary-timeout';
    await pause(clock, CANARY_LOOK_MS, signal);
  }
  return undefined;
}
