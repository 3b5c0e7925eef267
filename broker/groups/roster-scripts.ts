import type { Link } from '../redis/link.js';
import { Script } from '../redis/script.js';
import type { CommandArgument, Reply } from '../redis/wire-command.js';
import { mapOf } from './lease-scripts.js';
import type { MemberReport, Roster, RosterChange, Seat } from './roster.js';
import { setAsideOf } from './set-aside.js';

const beatScript = new Script(new URL('./member-beat.lua', import.meta.url));
const changeScript = new Script(new URL('./change-members.lua', import.meta.url));

type OnRoster = (error: Error | undefined, roster: Roster | undefined) => void;

/** See member-beat.lua. */
export function sendBeat(
  link: Link,
  key: string,
  { id, instance }: Pick<Seat, 'id' | 'instance'>,
  report: MemberReport,
  partitions: number,
  onRoster: OnRoster,
): void {
  beatScript.send(link, [key], [id, instance, JSON.stringify(report)], (error, reply) => {
    if (error) onRoster(error, undefined);
    else onRoster(undefined, rosterOf(reply, partitions));
  });
}

/** Reads the roster, as one who is not in it. */
export async function readRoster(link: Link, key: string, partitions: number): Promise<Roster> {
  return rosterOf(await link.call('HGETALL', key), partitions);
}

/** See change-members.lua: the roster as it is then, changed or not. */
export function sendChange(
  link: Link,
  key: string,
  generation: string,
  { seats, assignment }: RosterChange,
  onRoster: (error: Error | undefined, roster: Roster | undefined, isChanged: boolean) => void,
): void {
  const args: CommandArgument[] = [generation, JSON.stringify(assignment.map((member) => member ?? null))];
  for (const change of seats) {
    if (change.kind === 'free') args.push('free', change.id, change.beat);
    else {
      const { id, instance, sessionMs, isAway, isDraining } = change.seat;
      args.push('seat', id, instance, JSON.stringify({ sessionMs, isAway, isDraining }), change.replaces ?? '');
    }
  }
  changeScript.send(link, [key], args, (error, reply) => {
    if (error) return onRoster(error, undefined, false);
    const [isChanged, flat] = reply as unknown as [number, Buffer[]];
    onRoster(undefined, rosterOf(flat, assignment.length), isChanged === 1);
  });
}

/** What the hash says; what is malformed or of another number of partitions counts as missing: it is written anew. */
function rosterOf(flat: Reply, partitions: number): Roster {
  const fields = mapOf(flat as unknown as Buffer[]);
  const seats = new Map<string, Seat>();
  const reports = new Map<string, MemberReport>();
  for (const [field, instance] of fields) {
    if (!field.startsWith('instance:')) continue;
    const id = field.slice('instance:'.length);
    const member = parse(fields.get(`member:${id}`)) as Partial<Seat>;
    const { sessionMs = 0, isAway = false, isDraining = false } = member;
    const beat = String(fields.get(`beat:${id}`) ?? '');
    seats.set(id, { id, instance: String(instance), beat, sessionMs, isAway, isDraining });
    reports.set(id, parse(fields.get(`report:${id}`)) as MemberReport);
  }
  const stored = parse(fields.get('assignment'));
  const members = Array.isArray(stored) && stored.length === partitions ? stored : [];
  const assignment = Array.from({ length: partitions }, (_, partition) => {
    const member: unknown = members[partition];
    return typeof member === 'string' ? member : undefined;
  });
  const generation = String(fields.get('generation') ?? '0');
  return { generation, seats, assignment, reports, setAside: setAsideOf(fields) };
}

function parse(text: Buffer | undefined): object {
  try {
    return (JSON.parse(String(text ?? '{}')) as object | null) ?? {};
  } catch {
    return {};
  }
}
