import { BrokerError } from '../../broker-error.js';
import { callConfirmed } from '../../groups/confirmed-pipeline.js';
import type { GroupControl } from '../../groups/group-control.js';
import { mapOf } from '../../groups/lease-scripts.js';
import { pagedEntries, readPage } from '../../log/inventory.js';
import { recoveryKeys } from '../../log/keys.js';
import { Script } from '../../redis/script.js';
import { slotOf } from '../../redis/slot.js';
import type { CommandArgument } from '../../redis/wire-command.js';
import type { WorkflowRun } from './workflow-run.js';

const leadScript = new Script(new URL('./lead-recovery.lua', import.meta.url));
const recordScript = new Script(new URL('./record-recovery.lua', import.meta.url));

/** What is stored about the recovery of a group. */
export interface RecoveryState {
  /** The caller leads: it alone carries out. */
  readonly leads: boolean;
  readonly token: string;
  /** Who leads, or led last. */
  readonly owner: string;
  /** Up to when. */
  readonly untilMs: number;
  /** The server's clock, ms. */
  readonly nowMs: number;
  /** Somebody has switched it off: nothing is begun, and what is under way stops. */
  readonly off: SwitchedOff | undefined;
  /** Latest first. */
  readonly runs: readonly WorkflowRun[];
}

export interface SwitchedOff {
  readonly by: string;
  readonly atMs: number;
  readonly why: string;
}

/** One line of the audit. */
export interface RecoveryAudit {
  /** The server's clock. */
  readonly atMs: number;
  /** Who did it: a leader, or an operator. */
  readonly by: string;
  readonly what: string;
  readonly playbook?: string;
  readonly subject?: string;
  readonly note?: string;
}

export type RecordOutcome = 'recorded' | 'fenced' | 'off';

const KEPT_AUDIT = 10_000;
const NOTE_CHARACTERS = 1_000;

/** Where runs, the lead, the switch and the audit of one group lie; all of it confirmed as leases are. */
export class RecoveryStore {
  readonly #control: GroupControl;
  readonly #keys: ReturnType<typeof recoveryKeys>;
  readonly #slot: number;

  constructor(control: GroupControl) {
    this.#control = control;
    this.#keys = recoveryKeys(control.topic, control.group);
    this.#slot = slotOf(control.topic);
  }

  /** Takes the lead for so long, or keeps it, where nobody else has it. */
  lead(owner: string, durationMs: number): Promise<RecoveryState> {
    return this.#ask([owner, durationMs, 'lead']);
  }

  read(): Promise<RecoveryState> {
    return this.#ask(['', 0, 'read']);
  }

  /** Stores the run where the caller still leads; `act`: something is about to be done, which the switch forbids. */
  record(owner: string, token: string, mode: 'act' | 'note', run: WorkflowRun, what: string): Promise<RecordOutcome> {
    const { playbook, subject, note } = run;
    const cut = note.slice(0, NOTE_CHARACTERS);
    const entry = { by: owner, what, playbook, subject, note: cut };
    return this.#record([owner, token, mode], entry, [fieldOf(run), JSON.stringify({ ...run, note: cut })]);
  }

  /** Removes what nothing is decided by any more. */
  async forget(owner: string, token: string, runs: readonly WorkflowRun[]): Promise<void> {
    if (runs.length > 0)
      await this.#record(
        [owner, token, 'note'],
        undefined,
        runs.flatMap((run) => [fieldOf(run), '']),
      );
  }

  async switchOff(by: string, why: string): Promise<void> {
    const off: SwitchedOff = { by, atMs: (await this.read()).nowMs, why };
    await this.#record(['', '', 'note'], { by, what: 'switched off', note: why }, ['off', JSON.stringify(off)]);
  }

  async switchOn(by: string): Promise<void> {
    await this.#record(['', '', 'note'], { by, what: 'switched on' }, ['off', '']);
  }

  /** Oldest first. */
  async *audit(): AsyncGenerator<RecoveryAudit> {
    const read = (start: string) => this.#control.onTopic((link) => readPage(link, this.#keys.audit, start, '+'));
    for await (const [id, fields] of pagedEntries(read, '-')) {
      const entry = parsed<Omit<RecoveryAudit, 'atMs'>>(mapOf(fields).get('entry'));
      if (entry !== undefined) yield { ...entry, atMs: Number.parseInt(String(id), 10) };
    }
  }

  #ask(args: readonly CommandArgument[]): Promise<RecoveryState> {
    return this.#control.onTopic(async (link) => {
      const call = { script: leadScript, keys: [this.#keys.state], args };
      const replicas = args[2] === 'lead' ? this.#control.replicasOf(this.#slot) : 0;
      const { reply, confirmed } = await callConfirmed(link, call, replicas, this.#control);
      const [leads, token, now, flat] = reply as unknown as [number, Buffer, Buffer, Buffer[]];
      const fields = mapOf(flat);
      const runs = [...fields]
        .filter(([name]) => name.startsWith('run:'))
        .map(([, value]) => parsed<WorkflowRun>(value))
        .filter((run) => run !== undefined)
        .toSorted((a, b) => b.startedMs - a.startedMs);
      const off = parsed<SwitchedOff>(fields.get('off'));
      const owner = String(fields.get('owner') ?? '');
      const untilMs = Number(fields.get('until') ?? 0);
      return {
        leads: leads === 1 && confirmed >= replicas,
        token: String(token),
        owner,
        untilMs,
        nowMs: Number(now),
        off,
        runs,
      };
    });
  }

  #record(
    head: readonly [owner: string, token: string, mode: string],
    entry: Omit<RecoveryAudit, 'atMs'> | undefined,
    fields: readonly string[],
  ): Promise<RecordOutcome> {
    return this.#control.onTopic(async (link) => {
      const args = [...head, KEPT_AUDIT, entry === undefined ? '' : JSON.stringify(entry), ...fields];
      const call = { script: recordScript, keys: [this.#keys.state, this.#keys.audit], args };
      const replicas = this.#control.replicasOf(this.#slot);
      const { reply, confirmed } = await callConfirmed(link, call, replicas, this.#control);
      if (confirmed < replicas) {
        throw new BrokerError('connection', `recovery: ${confirmed} of ${replicas} replicas have confirmed it`);
      }
      const code = Number(reply);
      return code === 1 ? 'recorded' : code === 0 ? 'fenced' : 'off';
    });
  }
}

function fieldOf({ startedMs, playbook, subject }: WorkflowRun): string {
  return `run:${startedMs}:${playbook}:${subject}`;
}

/** What cannot be read counts as missing: it is another version's, or damaged. */
function parsed<T>(stored: Buffer | undefined): T | undefined {
  if (stored === undefined) return undefined;
  try {
    return JSON.parse(String(stored)) as T;
  } catch {
    return undefined;
  }
}
