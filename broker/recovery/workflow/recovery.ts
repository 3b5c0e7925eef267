import { inspect } from 'node:util';
import { BrokerError } from '../../broker-error.js';
import type { GroupControl } from '../../groups/group-control.js';
import { type RecoveryAudit, type RecoveryState, RecoveryStore, type SwitchedOff } from './recovery-store.js';
import type { WorkflowRun } from './workflow-run.js';

export interface RecoveryStatus {
  /** Who carries out; undefined: nobody does. */
  readonly leader: string | undefined;
  readonly off: SwitchedOff | undefined;
  /** Those under way, and those that ended lately; latest first. */
  readonly runs: readonly WorkflowRun[];
}

/** The recovery of one group, for operators: whoever carries it out. Made by `MessageBroker#recovery`. */
export class Recovery {
  readonly #open: (purpose: string) => GroupControl;

  constructor(open: (purpose: string) => GroupControl) {
    this.#open = open;
  }

  async status(): Promise<RecoveryStatus> {
    using control = this.#open('recovery');
    const { owner, untilMs, nowMs, off, runs }: RecoveryState = await new RecoveryStore(control).read();
    return { leader: untilMs >= nowMs && owner !== '' ? owner : undefined, off, runs };
  }

  /** What was done, by whom; oldest first. */
  async *audit(): AsyncGenerator<RecoveryAudit> {
    using control = this.#open('recovery');
    yield* new RecoveryStore(control).audit();
  }

  /** The kill switch: nothing begins, and what is under way stops within a look. Runs go on from there when it is on again. */
  async switchOff({ by, why }: { readonly by: string; readonly why: string }): Promise<void> {
    using control = this.#open('recovery');
    await new RecoveryStore(control).switchOff(checked('by', by), checked('why', why));
  }

  async switchOn({ by }: { readonly by: string }): Promise<void> {
    using control = this.#open('recovery');
    await new RecoveryStore(control).switchOn(checked('by', by));
  }
}

const LONGEST = 500;

function checked(name: string, text: unknown): string {
  if (typeof text === 'string' && text.length > 0 && text.length <= LONGEST) return text;
  throw new BrokerError(
    'bad-option',
    `${name} ${inspect(text, { depth: 0 }).slice(0, 50)}: a text of at most ${LONGEST} characters`,
  );
}
