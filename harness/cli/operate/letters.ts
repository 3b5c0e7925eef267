import { userInfo } from 'node:os';
import { type Command, InvalidArgumentError } from 'commander';
import type { DeadLetterFilter, DeadLetters, Warrant } from '../../../broker/index.js';
import { systemClock } from '../../clock.js';
import { UsageError } from '../../errors.js';
import { parseDuration } from '../../scenario/units.js';
import { type ServerFlags, withBroker, withServerFlags } from './connect.js';

export interface Flags extends ServerFlags {
  readonly quarantine?: boolean;
  readonly fingerprint?: string;
  readonly olderThan?: number;
  readonly all?: boolean;
  readonly json?: boolean;
}

/** Of what changes something: for the audit. */
export interface WarrantFlags {
  readonly by?: string;
  readonly reason?: string;
}

/** A command about what a group has given up, and how to say which of it. */
export function sub(dlq: Command, name: string, description: string, ...more: string[]): Command {
  const command = dlq.command(name).description(description).argument('<topic>').argument('<group>');
  for (const argument of more) command.argument(argument, 'as list shows them');
  return withServerFlags(command)
    .option('--quarantine', 'what lies in quarantine, instead of the dead letters')
    .option('--fingerprint <f>', 'only those that share this cause')
    .option('--older-than <duration>', 'only those that were given up before, such as 12h or 30d', duration)
    .option('--json', 'print JSON')
    .exitOverride();
}

/** Who does it, and why. */
export function withWarrantFlags(command: Command): Command {
  return command
    .option('--by <name>', 'who does it, for the audit (default: the user of this process)')
    .option('--reason <text>', 'why, for the audit');
}

export function warrantOf({ by, reason }: WarrantFlags): Warrant {
  return { by: by ?? currentUser(), ...(reason !== undefined && { reason }) };
}

/** A container may run as a number that no file names. */
export function currentUser(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.()}`;
  }
}

export function onLetters(
  topic: string,
  group: string,
  flags: Flags,
  action: (letters: DeadLetters) => Promise<void>,
): Promise<void> {
  return withBroker(flags, async (broker) => action(await broker.deadLetters(topic, group)));
}

export function filterOf({ quarantine, fingerprint, olderThan }: Flags): DeadLetterFilter {
  return {
    ...(quarantine && { shelf: 'quarantine' as const }),
    ...(fingerprint !== undefined && { fingerprint }),
    ...(olderThan !== undefined && { beforeMs: systemClock.wallMs() - olderThan }),
  };
}

/** All of them only where that was said. */
export function chosen(what: string, refs: readonly string[], flags: Flags): DeadLetterFilter {
  const filter = filterOf(flags);
  const isNarrow = refs.length > 0 || filter.fingerprint !== undefined || filter.beforeMs !== undefined;
  if (isNarrow === (flags.all === true)) {
    const choices = 'refs, --fingerprint or --older-than, or --all for all of them';
    throw new UsageError(
      'bad-argument',
      `${what}: which dead letters? Give ${choices}${isNarrow ? ', not both' : ''}.`,
    );
  }
  return refs.length > 0 ? { ...filter, refs } : filter;
}

export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

export function whole(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 0) return value;
  throw new InvalidArgumentError('Expected a whole number.');
}

function duration(text: string): number {
  const ms = DAYS.test(text) ? Number.parseInt(text, 10) * 86_400_000 : parseDuration(text);
  if (typeof ms === 'number') return ms;
  throw new InvalidArgumentError('Expected a duration, such as 90m, 12h or 30d.');
}

const DAYS = /^\d+d$/;
