import { BrokerError } from '../../broker-error.js';
import type { OnBrokerEvent } from '../../broker-event.js';
import { pause } from '../../clock.js';
import { callConfirmed } from '../../groups/confirmed-pipeline.js';
import type { GroupControl } from '../../groups/group-control.js';
import { GroupRegistration } from '../../groups/group-registration.js';
import { type Roster, withDraining } from '../../groups/roster.js';
import { readRoster, sendChange } from '../../groups/roster-scripts.js';
import { setAsideCall } from '../../groups/set-aside.js';
import { membersKey } from '../../log/keys.js';
import { trimLog } from '../../log/maintenance.js';
import { slotOf } from '../../redis/slot.js';
import type { DeadLetters } from '../dead-letters.js';
import { describeFailure } from '../retry-row.js';
import type { Step } from './playbook.js';
import type { RecoverySignals } from './signals.js';
import type { StepOutcome } from './workflow-run.js';

export interface StepContext {
  readonly control: GroupControl;
  readonly letters: DeadLetters;
  readonly signals: RecoverySignals;
  /** For the audit of what is put back. */
  readonly playbook: string;
  readonly onEvent: OnBrokerEvent;
  readonly replaceMember: ((member: string) => Promise<void>) | undefined;
  /** The lead is lost, recovery is switched off, or this process closes. */
  readonly signal: AbortSignal;
}

/** Changes of the roster that others made first. */
const MOST_COLLISIONS = 20;
/** The longest that `replaceMember` may take. */
const REPLACE_MS = 60_000;

/** Does it. Each step bears being done again: whoever leads next does not know how far it came. Throws what it fails with. */
export function perform(step: Step, subject: string, context: StepContext): Promise<StepOutcome> {
  switch (step.do) {
    case 'redrive':
      return redrive(step, subject, context);
    case 'quarantine':
      return quarantine(step.forMs, subject, context);
    case 'drain':
      return drain(subject, context);
    case 'replace':
      return replace(subject, context);
    case 'recreate-group':
      return recreateGroup(step.startAt, context);
    case 'trim':
      return trim(context);
    case 'wait':
      return wait(step.forMs, context);
    case 'escalate':
      return Promise.resolve({ kind: 'escalate', note: step.why });
  }
}

async function redrive(
  { perSecond, canaries, canaryTimeoutMs, limit }: Extract<Step, { do: 'redrive' }>,
  fingerprint: string,
  { letters, signal, playbook }: StepContext,
): Promise<StepOutcome> {
  const atMost = limit === undefined ? {} : { limit };
  const options = { perSecond, canaries, canaryTimeoutMs, signal, by: 'auto-recovery', reason: playbook, ...atMost };
  const { redriven, stoppedBy } = await letters.redrive({ fingerprint }, options);
  const note = `${redriven} put back`;
  return stoppedBy === undefined ? done(note) : { kind: 'failed', note: `${note}; ${stoppedBy}` };
}

async function quarantine(forMs: number, fingerprint: string, { control }: StepContext): Promise<StepOutcome> {
  const { topic, group } = control;
  const slot = slotOf(topic);
  const call = setAsideCall(membersKey(topic, group), fingerprint, forMs);
  await control.onTopic((link) => callConfirmed(link, call, control.replicasOf(slot), control));
  return done(`its messages are set aside at their first failure for ${forMs} ms`);
}

async function drain(member: string, { control, signal, signals }: StepContext): Promise<StepOutcome> {
  const { topic, group, partitions } = control;
  const key = membersKey(topic, group);
  for (let tries = 0; tries < MOST_COLLISIONS && !signal.aborted; tries++) {
    const found = await control.onTopic(async (link) => {
      const roster = await readRoster(link, key, partitions);
      const seat = roster.seats.get(member);
      if (seat === undefined || seat.isDraining) return seat === undefined ? 'it is gone' : 'it drains';
      if (!mayDrain(member, roster, signals))
        throw new BrokerError('refused', 'at most half of a group drains, and somebody has to be well');
      const change = withDraining(roster, seat, true);
      return await new Promise<string | undefined>((resolve, reject) => {
        sendChange(link, key, roster.generation, change, (error, _, isChanged) => {
          if (error !== undefined) reject(error);
          else resolve(isChanged ? 'it drains' : undefined);
        });
      });
    });
    if (found !== undefined) return done(found);
  }
  return { kind: 'failed', note: `the group changed ${MOST_COLLISIONS} times meanwhile` };
}

/** As members drain each other: at most half of the group does, and somebody who is well does not. */
function mayDrain(member: string, { seats }: Roster, { members }: RecoverySignals): boolean {
  const there = [...seats.values()].filter(({ isAway }) => !isAway);
  const draining = there.filter(({ isDraining }) => isDraining).length;
  const isWell = (id: string) => members.some((one) => one.id === id && one.findings.length === 0);
  const hasOther = there.some(({ id, isDraining }) => id !== member && !isDraining && isWell(id));
  return hasOther && draining + 1 <= Math.floor(there.length / 2);
}

async function replace(
  member: string,
  { control, signals, onEvent, replaceMember, signal }: StepContext,
): Promise<StepOutcome> {
  const { topic, group } = control;
  if (replaceMember !== undefined) {
    const limit = new AbortController();
    const tooLate = pause(control.clock, REPLACE_MS, AbortSignal.any([signal, limit.signal])).then(
      () => 'late' as const,
    );
    const came = await Promise.race([replaceMember(member).then(() => 'replaced' as const), tooLate]);
    limit.abort();
    return came === 'replaced'
      ? done(came)
      : { kind: 'failed', note: `replaceMember: not done within ${REPLACE_MS} ms` };
  }
  const findings = signals.members.find(({ id }) => id === member)?.findings ?? [];
  onEvent({ kind: 'replace-wanted', topic, group, member, findings });
  return done('asked for another one');
}

async function recreateGroup(
  startAt: 'earliest' | 'latest',
  { control, signal, signals }: StepContext,
): Promise<StepOutcome> {
  // Somebody may have deleted it since the run began: registering would bring it back.
  if (signals.missingPartitions.length === 0) return done('nothing is missing');
  const { links, connectTimeoutMs } = control;
  const linkOf = (slot: number) => links.of(slot);
  const registration = new GroupRegistration({ ...control, startAt, directory: links.directory, linkOf });
  await registration.complete(connectTimeoutMs, signal);
  return done(`registered, from ${startAt} where it was missing`);
}

async function trim({ control }: StepContext): Promise<StepOutcome> {
  const { topic, partitions } = control;
  for (let partition = 0; partition < partitions; partition++) {
    await control.onPartition(partition, (link) => trimLog(link, topic, partition));
  }
  return done(`${partitions} partitions trimmed`);
}

async function wait(forMs: number, { control, signal }: StepContext): Promise<StepOutcome> {
  await pause(control.clock, forMs, signal);
  return done(`waited ${forMs} ms`);
}

function done(note: string): StepOutcome {
  return { kind: 'done', note };
}

/** Of what a step threw. */
export function failureOf(error: unknown): StepOutcome {
  const { error: name, message } = describeFailure(error, 1, 0, '');
  return { kind: 'failed', note: `${error instanceof BrokerError ? error.code : name}: ${message}` };
}
