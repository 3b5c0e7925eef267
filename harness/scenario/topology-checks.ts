import type { RedisSpec } from './scenario.js';
import type { Finding } from './scenario-error.js';
import type { Sections } from './sections.js';
import { didYouMean } from './suggest.js';

/** Servers that cannot do together what their topology is for, and links for workers that do not exist. */
export function checkTopology({ environment, producers, consumers }: Sections): Finding[] {
  const redis = environment?.redis;
  if (redis === undefined) return [];
  const { topology, replicas, sentinel, masters, ownLinks = [] } = redis;
  const findings: Finding[] = [];
  const refuse = (key: string | number, message: string, ...more: (string | number)[]) =>
    findings.push({ code: 'impossible', path: ['environment', 'redis', key, ...more], message });
  if (topology === 'standalone' && replicas > 0) {
    refuse('replicas', `a standalone Redis has no replicas; use topology: replicated for ${replicas}.`);
  }
  if (topology === 'replicated' && replicas === 0) {
    refuse('replicas', 'a replicated Redis has at least one replica; use topology: standalone for none.');
  }
  if (topology === 'sentinel' && replicas === 0) {
    refuse('replicas', 'Sentinels without a replica have nobody to make master; use at least 1.');
  }
  if (sentinel !== undefined && sentinel.count < 3) {
    const which = sentinel.count === 1 ? '1 Sentinel has' : `${sentinel.count} Sentinels have`;
    refuse('sentinels', `${which} no majority once one is gone; use 3.`);
  } else if (sentinel !== undefined && sentinel.count % 2 === 0) {
    const fewer = sentinel.count - 1;
    refuse(
      'sentinels',
      `${sentinel.count} Sentinels bear the loss of no more of them than ${fewer}; use ${fewer} or ${fewer + 2}.`,
    );
  }
  if (masters !== undefined && masters < 3) {
    refuse('masters', `a cluster of ${masters} has no majority once one master is gone; use at least 3.`);
  }
  const workers = workerNames(producers?.workers ?? 0, consumers?.workers ?? 0);
  for (const [index, worker] of ownLinks.entries()) {
    if (ownLinks.indexOf(worker) < index) refuse('ownLinks', `"${worker}" is named twice.`, index);
    else if (producers !== undefined && consumers !== undefined && !workers.includes(worker)) {
      const hint = didYouMean(worker, workers) || ` There are: ${workers.join(', ')}.`;
      refuse('ownLinks', `there is no worker "${worker}" in this scenario.${hint}`, index);
    }
  }
  return findings;
}

/** Roles and nodes: `redis-replica` is the first replica of the moment, `redis-replica-2` the second. */
export function nodeNames({ masters = 1, replicas }: RedisSpec): string[] {
  const roles = (name: string, count: number) => numbered(name, count).map((role, i) => (i === 0 ? name : role));
  return [
    ...roles('redis-master', masters),
    ...roles('redis-replica', masters * replicas),
    ...numbered('redis', masters * (1 + replicas)),
  ];
}

export function sentinelNames({ sentinel }: RedisSpec): string[] {
  return numbered('sentinel', sentinel?.count ?? 0);
}

export function workerNames(producers: number, consumers: number): string[] {
  return [...numbered('producer', producers), ...consumerNames(consumers)];
}

export function consumerNames(consumers: number): string[] {
  return numbered('consumer', consumers);
}

function numbered(name: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${name}-${i + 1}`);
}
