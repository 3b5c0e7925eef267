import { type CheckedRun, MARK } from '../../ledger/checked-run.js';
import type { Scenario } from '../../scenario/scenario.js';
import type { Metric } from '../metric.js';
import { countScope } from '../scope.js';
import { acceptedIn } from './outcomes.js';

/** What must not happen to messages. */
export const VIOLATION_METRICS: readonly Metric[] = [
  violation({
    name: 'duplicated',
    definition:
      'all successful handlings of a message beyond the first, and all copies of one that the inventory found; of one message at most 255 successes and 255 copies are counted',
    of: (run, ordinal) => extraSuccesses(run, ordinal) + (run.extraCopies[ordinal] as number),
  }),
  violation({
    name: 'duplicated.unexcused',
    definition:
      "duplicated, without those whose earlier handler's worker was killed, paused, stalled or cut off (or its master failed over) between that START and its settling horizon; of one message at most 255 successes and 255 copies are counted",
    of: (run, ordinal) =>
      extraSuccesses(run, ordinal) - (run.excused[ordinal] as number) + (run.extraCopies[ordinal] as number),
  }),
  violation({
    name: 'overlapped',
    definition:
      "messages with a handling whose [START, END] intersects another one's of the same key; a killed worker's end at the kill",
    of: marked(MARK.overlapped),
    needs: 'key-order',
    refuse: refuseWithoutKeys,
  }),
  violation({
    name: 'reordered',
    definition:
      'accepted messages that finished after one which the same producer instance had handed over later with the same key; pairs with an indeterminate message are reported apart',
    of: marked(MARK.reordered),
    needs: 'key-order',
    refuse: refuseWithoutKeys,
  }),
  violation({
    name: 'unexpected',
    definition:
      'handled, or found by the inventory, though never sent or rejected, or with another payload, key or id than was sent',
    of: marked(MARK.unexpected),
    unplanned: (run) => run.violations.unexpectedForeign,
  }),
  violation({
    name: 'collateral',
    definition:
      'healthy messages dead-lettered or quarantined, unless the ledger holds the configured number of failed handlings',
    of: marked(MARK.collateral),
    needs: 'inventory',
  }),
  violation({
    name: 'misjudged',
    definition: 'poison messages whose fate is not the one that their kind states (dead letters or quarantine)',
    of: marked(MARK.misjudged),
    needs: 'inventory',
  }),
  violation({
    name: 'contract',
    definition: 'messages for which the driver reported contradictory outcomes, and outcomes that name no message',
    of: marked(MARK.contract),
    unplanned: (run) => run.violations.contractForeign,
  }),
  violation({
    name: 'unanswered',
    definition: 'messages without an outcome 5 s after the publish deadline, though their producer lived on',
    of: marked(MARK.unanswered),
  }),
];

interface ViolationSpec {
  readonly name: string;
  readonly definition: string;
  /** How many violations the message contributes. */
  readonly of: (run: CheckedRun, ordinal: number) => number;
  /** Violations that belong to no planned message. */
  readonly unplanned?: (run: CheckedRun) => number;
  readonly needs?: Metric['needs'];
  readonly refuse?: (scenario: Scenario) => string | undefined;
}

function violation({ name, definition, of, unplanned, needs, refuse }: ViolationSpec): Metric {
  return {
    name,
    unit: 'count',
    definition,
    example: `${name} == 0`,
    family: 'count',
    hasInterval: false,
    excusable: false,
    ...(needs && { needs }),
    ...(refuse && { refuse }),
    measure: ({ run, gate }) => {
      const scope = countScope(run, gate.scope);
      let value = scope.unplanned ? (unplanned?.(run) ?? 0) : 0;
      for (let ordinal = 0; ordinal < run.history.plan.count; ordinal++) {
        if (scope.has(ordinal)) value += of(run, ordinal);
      }
      return { value, samples: acceptedIn(run, scope.has), interval: undefined };
    },
  };
}

function marked(mark: number): (run: CheckedRun, ordinal: number) => number {
  return (run, ordinal) => (((run.marks[ordinal] as number) & mark) === 0 ? 0 : 1);
}

function extraSuccesses(run: CheckedRun, ordinal: number): number {
  return Math.max(0, (run.successes[ordinal] as number) - 1);
}

function refuseWithoutKeys(scenario: Scenario): string | undefined {
  return scenario.load.message.keys.kind === 'none' ? 'its messages have no keys (load.message.keys)' : undefined;
}
