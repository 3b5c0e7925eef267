import { BrokerError } from '../../broker-error.js';
import { timerMs } from '../../groups/checked-number.js';
import { type Playbook, type PlaybookOptions, resolvePlaybooks } from './playbook.js';
import { READY_PLAYBOOKS } from './ready-playbooks.js';

export interface AutoRecoveryOptions {
  /** Default: all of {@link READY_PLAYBOOKS}. What comes first is begun first. */
  readonly playbooks?: readonly PlaybookOptions[];
  /** Tells what would be begun, by `recovery` events, and does and stores nothing. */
  readonly dryRun?: boolean;
  /** How often it looks (default 2,000). Another one leads five looks after this one was last seen. */
  readonly lookEveryMs?: number;
  /** Starts a member in the place of one that is sick. Without it, the event `replace-wanted` asks for that. */
  readonly replaceMember?: (member: string) => Promise<void>;
}

export interface ResolvedAutoRecoveryOptions {
  readonly playbooks: readonly Playbook[];
  readonly dryRun: boolean;
  readonly lookEveryMs: number;
  readonly replaceMember: ((member: string) => Promise<void>) | undefined;
}

/** Throws BrokerError `bad-option`. */
export function resolveAutoRecoveryOptions(options: AutoRecoveryOptions): ResolvedAutoRecoveryOptions {
  const { playbooks = Object.values(READY_PLAYBOOKS), dryRun = false, lookEveryMs = 2_000, replaceMember } = options;
  if (replaceMember !== undefined && typeof replaceMember !== 'function') {
    throw new BrokerError('bad-option', `replaceMember: a function is needed, not ${typeof replaceMember}`);
  }
  return {
    playbooks: resolvePlaybooks(playbooks),
    dryRun,
    lookEveryMs: timerMs('lookEveryMs', lookEveryMs, 100),
    replaceMember,
  };
}
