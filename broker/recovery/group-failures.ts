import { parseEntry } from '../groups/entry-reader.js';
import type { GroupControl } from '../groups/group-control.js';
import { vitalsOf } from '../groups/health/member-vitals.js';
import { mapOf } from '../groups/lease-scripts.js';
import { partitionLoads } from '../groups/member-load.js';
import type { Roster } from '../groups/roster.js';
import { readRoster } from '../groups/roster-scripts.js';
import { decodeHeaders, decodeMessage, messageEnd } from '../log/frame-codec.js';
import type { Entry } from '../log/inventory.js';
import { groupKeys, membersKey } from '../log/keys.js';
import type { Link } from '../redis/link.js';
import { parseDeadLetter } from './dead-letter.js';
import { analyzeGroup, type FailedMessage, type GroupFailures, type GroupTraffic } from './patterns/group-analysis.js';
import { kindOf, type ObservedMessage } from './patterns/observed.js';
import { decodeRetryRow } from './retry-row.js';

/** Messages of a group that are looked at, the latest of each partition. */
const MOST_MESSAGES = 20_000;
const PAGE = 256;
/** Entries of each partition's log whose messages show what the traffic is. */
const LOG_ENTRIES = 8;

/**
 * What the failures of a whole group have in common: of its dead letters, and of the messages that wait for another attempt.
 * They say who failed with which; what passed is known from the members' reports and from what the logs hold.
 */
export async function readGroupFailures(control: GroupControl): Promise<GroupFailures> {
  const { topic, group, partitions, clock } = control;
  const roster = await control.onTopic((link) => readRoster(link, membersKey(topic, group), partitions));
  const memberOf = new Map([...roster.seats.values()].map(({ id, instance }) => [instance, id]));
  const failed: FailedMessage[] = [];
  const sample: ObservedMessage[] = [];
  for (let partition = 0; partition < partitions; partition++) {
    const link = await control.onPartition(partition, async (open) => open);
    const keys = groupKeys(topic, partition, group);
    const most = Math.ceil(MOST_MESSAGES / partitions);
    for (const one of [
      ...(await deadLetters(link, keys.deadLetters, partition, most)),
      ...(await retries(link, keys.retry, partition)),
    ]) {
      const failures = one.failures.map((failure) => ({
        ...failure,
        consumer: memberOf.get(failure.consumer) ?? failure.consumer,
      }));
      if (failures.length > 0) failed.push({ ...one, failures });
    }
    sample.push(...(await logged(link, keys.log, partition)));
  }
  return analyzeGroup(failed, trafficOf(roster, sample), clock.wallMs());
}

async function deadLetters(link: Link, stream: string, partition: number, most: number): Promise<FailedMessage[]> {
  const found: FailedMessage[] = [];
  for (let end = '+'; found.length < most; ) {
    const page = (await link.call('XREVRANGE', stream, end, '-', 'COUNT', PAGE)) as unknown as Entry[];
    for (const entry of page) {
      const { id = '', key, headers = {}, failures } = parseDeadLetter(partition, entry);
      found.push({ id, key, partition, kind: kindOf(headers), failures });
    }
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE) break;
    end = `(${String(last[0])}`;
  }
  return found;
}

async function retries(link: Link, hash: string, partition: number): Promise<FailedMessage[]> {
  const rows = mapOf((await link.call('HGETALL', hash)) as Buffer[]);
  return [...rows.values()].flatMap((stored) => {
    const decoded = decodeRetryRow(stored);
    const message = decoded && decodeMessage(decoded.message, 0, decoded.message.length);
    if (decoded === undefined || message === undefined || typeof message === 'string') return [];
    const { id, key, headers } = message;
    return [{ id, key, partition, kind: kindOf(decodeHeaders(headers)), failures: decoded.row.failures }];
  });
}

/** Some of what a log holds, settled or not. */
async function logged(link: Link, log: string, partition: number): Promise<ObservedMessage[]> {
  const entries = (await link.call('XREVRANGE', log, '+', '-', 'COUNT', LOG_ENTRIES)) as unknown as Entry[];
  const found: ObservedMessage[] = [];
  for (const [, fields] of entries) {
    const parsed = parseEntry(fields);
    for (let at = 0, i = 0; parsed !== undefined && i < parsed.count; i++) {
      const end = messageEnd(parsed.frame, at);
      const message = typeof end === 'number' ? decodeMessage(parsed.frame, at, end) : 'truncated';
      if (typeof message === 'string') break;
      const { id, key, headers } = message;
      found.push({ id, key, partition, consumer: '', kind: kindOf(decodeHeaders(headers)) });
      at = end as number;
    }
  }
  return found;
}

function trafficOf(roster: Roster, sample: readonly ObservedMessage[]): GroupTraffic {
  const present = [...roster.reports].filter(([member]) => roster.seats.get(member)?.isAway === false);
  const vitals = present.map(([member, report]) => [member, vitalsOf(report)?.handledPerSec] as const);
  const members = new Map(vitals.flatMap(([member, rate]) => (rate === undefined ? [] : [[member, rate] as const])));
  return { members, partitions: partitionLoads(roster).map((load) => load?.ratePerSec), sample };
}
