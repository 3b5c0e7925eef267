import type { GroupControl } from '../../groups/group-control.js';
import { GroupWatch } from '../../groups/health/group-watch.js';
import { readRoster } from '../../groups/roster-scripts.js';
import { readPage } from '../../log/inventory.js';
import { groupKeys, membersKey } from '../../log/keys.js';
import { slotOf } from '../../redis/slot.js';
import { parseDeadLetter } from '../dead-letter.js';
import { entryOf } from '../redrive-script.js';
import { CauseWatch, type LetterSource, type SeenLetter } from './cause-watch.js';
import type { Trigger } from './playbook.js';
import type { MemberSignal, RecoverySignals } from './signals.js';

/** As members watch each other by default. */
const WATCH = { phiThreshold: 8, slowFactor: 3 };

/** Reads what triggers need of a group, from outside: nothing of it is in the way of messages. */
export class SignalReader {
  readonly #control: GroupControl;
  readonly #wanted: ReadonlySet<Trigger['on']>;
  readonly #causes: CauseWatch;
  readonly #health: GroupWatch;

  /** Only what these triggers look at is read. */
  constructor(control: GroupControl, triggers: readonly Trigger[], lookEveryMs: number) {
    this.#control = control;
    this.#wanted = new Set(triggers.map(({ on }) => on));
    this.#causes = new CauseWatch(letterSource(control));
    this.#health = new GroupWatch({ ...WATCH, beatMs: lookEveryMs });
  }

  async read(atMs: number): Promise<RecoverySignals> {
    const wantsCauses = this.#wanted.has('dead-letters-quiet') || this.#wanted.has('dead-letters-burst');
    const [letters, group, missingPartitions, memory] = await Promise.all([
      wantsCauses ? this.#causes.look() : { causes: [], hasUnseen: false },
      this.#members(),
      this.#wanted.has('group-missing') ? this.#missing() : [],
      this.#wanted.has('memory-high') ? this.#memory() : new Map<string, number>(),
    ]);
    return { atMs, ...letters, ...group, missingPartitions, memory };
  }

  async #members(): Promise<{ readonly members: readonly MemberSignal[]; readonly failing: number }> {
    const { topic, group, partitions, clock } = this.#control;
    const { roster, history } = await this.#control.onTopic(async (link) => ({
      roster: await readRoster(link, membersKey(topic, group), partitions),
      history: link.history,
    }));
    const nowMs = clock.nowMs();
    this.#health.observe(roster, history, nowMs);
    const { members } = this.#health.health(nowMs);
    const sum = (of: 'failedPerSec' | 'handledPerSec') =>
      members.reduce((total, { vitals }) => total + (vitals?.[of] ?? 0), 0);
    const failed = sum('failedPerSec');
    const all = failed + sum('handledPerSec');
    return {
      members: members.map(({ member, findings }) => ({ id: member, findings })),
      failing: all === 0 ? 0 : failed / all,
    };
  }

  /** Partitions that do not know the group, and on which nobody deleted it. */
  async #missing(): Promise<number[]> {
    const { topic, group, partitions } = this.#control;
    const all = Array.from({ length: partitions }, (_, partition) => partition);
    const missing = await Promise.all(
      all.map((partition) => {
        const { groups, lease } = groupKeys(topic, partition, group);
        return this.#control.onPartition(partition, async (link) => {
          const [isThere, wasDeleted] = await Promise.all([
            link.call('HEXISTS', groups, group),
            link.call('HEXISTS', lease, 'deleted'),
          ]);
          return Number(isThere) === 0 && Number(wasDeleted) === 0;
        });
      }),
    );
    return all.filter((partition) => missing[partition]);
  }

  /** Of each master on which a partition lies. */
  async #memory(): Promise<Map<string, number>> {
    const { topic, partitions, links } = this.#control;
    const partitionOf = new Map<string, number>();
    for (let partition = 0; partition < partitions; partition++) {
      const master = links.directory.masterOf(slotOf(topic, partition));
      if (master !== undefined) partitionOf.set(master.id, partition);
    }
    const ratios = await Promise.all(
      [...partitionOf].map(async ([master, partition]) => {
        const info = String(await this.#control.onPartition(partition, (link) => link.call('INFO', 'memory')));
        const limit = numberIn(info, 'maxmemory');
        return [master, limit > 0 ? numberIn(info, 'used_memory') / limit : undefined] as const;
      }),
    );
    return new Map(ratios.filter((entry): entry is readonly [string, number] => entry[1] !== undefined));
  }
}

function letterSource(control: GroupControl): LetterSource {
  const { topic, group, partitions } = control;
  const stream = (partition: number) => groupKeys(topic, partition, group).deadLetters;
  return {
    partitions,
    count: (partition) =>
      control.onPartition(partition, async (link) => Number(await link.call('XLEN', stream(partition)))),
    page: (partition, after) =>
      control.onPartition(partition, async (link) => {
        const page = await readPage(link, stream(partition), after === undefined ? '-' : `(${after}`, '+');
        return page.map((entry): SeenLetter => {
          const letter = parseDeadLetter(partition, entry);
          return { entry: entryOf(letter), fingerprint: letter.fingerprint, atMs: letter.atMs };
        });
      }),
  };
}

function numberIn(info: string, name: string): number {
  return Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(info)?.[1] ?? 0);
}
