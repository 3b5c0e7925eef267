import { EnvironmentError } from '../environment/environment-error.js';
import { checkDirective } from '../environment/redis-config.js';
import { type FaultTarget, nameOf } from '../faults/fault.js';
import { checkConsumers } from './consumer-checks.js';
import { loadDurationMs, planFaults } from './fault-schedule.js';
import type { Registries } from './registries.js';
import type { Arrivals, FaultSpec, PhaseSpec, RedisSpec } from './scenario.js';
import { type Finding, formatPath, type KeyPath } from './scenario-error.js';
import type { Sections } from './sections.js';
import { didYouMean } from './suggest.js';
import { checkTopology, nodeNames, sentinelNames, workerNames } from './topology-checks.js';
import { formatDuration } from './units.js';

/** More than this fills the memory of the plan and the checker. */
const MAX_MESSAGES = 50_000_000;

/** What single keys cannot tell: names, targets and times against each other. */
export function crossCheck(sections: Sections, registries: Registries): Finding[] {
  return [
    ...checkNames(sections),
    ...checkTopology(sections),
    ...checkRedisConfig(sections.environment?.redis),
    ...checkConsumers(sections),
    ...checkLoad(sections.phases),
    ...checkTargets(sections, registries),
    ...checkTimes(sections, registries),
  ];
}

function checkNames({ names }: Sections): Finding[] {
  const findings: Finding[] = [];
  const repeated = (list: readonly string[], index: number) => list.indexOf(list[index]!) < index;
  for (const [index, name] of names.phases.entries()) {
    if (!repeated(names.phases, index)) continue;
    const message = `a phase named "${name}" exists already; names are unique.`;
    findings.push({ code: 'impossible', path: ['load', 'phases', index, 'name'], message });
  }
  for (const [index, id] of names.faults.entries()) {
    const path = ['faults', index, 'id'];
    if (id !== '' && repeated(names.faults, index)) {
      findings.push({ code: 'impossible', path, message: `a fault "${id}" exists already; ids are unique.` });
    } else if (names.phases.includes(id)) {
      const message = `a phase is named "${id}" too, and "at: ${id} + 1s" would mean either; name one of them differently.`;
      findings.push({ code: 'impossible', path, message });
    }
  }
  return findings;
}

function checkRedisConfig(redis: RedisSpec | undefined): Finding[] {
  return Object.entries(redis?.config ?? {}).flatMap(([directive, value]): Finding[] => {
    const path = ['environment', 'redis', 'config', directive];
    try {
      checkDirective(directive, value);
      return [];
    } catch (error) {
      if (!(error instanceof EnvironmentError)) throw error;
      return [{ code: 'impossible', path, message: error.message.replace(`${formatPath(path)}: `, '') }];
    }
  });
}

function checkLoad(phases: Sections['phases']): Finding[] {
  const findings: Finding[] = [];
  let total = 0;
  for (const [index, phase] of phases.entries()) {
    if (phase === undefined) continue;
    const messages = expectedMessages(phase.arrivals, phase.durationMs);
    total += messages;
    if (messages >= 1) continue;
    const message = `the phase sends no message: ${formatDuration(phase.durationMs)} is too short for its rate.`;
    findings.push({ code: 'impossible', path: ['load', 'phases', index, 'for'], message });
  }
  if (total > MAX_MESSAGES) {
    const message = `the load has ${Math.round(total)} messages; at most ${MAX_MESSAGES} can be accounted for in one run.`;
    findings.push({ code: 'impossible', path: ['load', 'phases'], message });
  }
  return findings;
}

function expectedMessages(arrivals: Arrivals, durationMs: number): number {
  const seconds = durationMs / 1000;
  switch (arrivals.kind) {
    case 'constant':
    case 'poisson':
      return arrivals.ratePerSec * seconds;
    case 'ramp':
      return ((arrivals.fromPerSec + arrivals.toPerSec) / 2) * seconds;
    case 'burst':
      return arrivals.ratePerSec * seconds + arrivals.burstSize * Math.ceil(durationMs / arrivals.everyMs);
    default:
      return arrivals satisfies never;
  }
}

function checkTargets(sections: Sections, registries: Registries): Finding[] {
  const redis = sections.environment?.redis;
  const { producers, consumers } = sections;
  if (redis === undefined || producers === undefined || consumers === undefined) return [];
  const nodes = nodeNames(redis);
  const servers = [...nodes, ...sentinelNames(redis)];
  const sides = ['clients', ...(redis.topology === 'standalone' ? [] : ['peers']), ...(redis.ownLinks ?? [])];
  const known: Readonly<Record<FaultTarget['kind'], readonly string[]>> = {
    link: servers.flatMap((server) => sides.map((side) => `${server}.${side}`)),
    process: [...servers, ...workerNames(producers.workers, consumers.workers)],
    node: nodes,
  };
  return sections.faults.flatMap((fault, index): Finding[] => {
    const kind = registries.faults.find((one) => one.name === fault?.kind);
    if (fault === undefined || kind === undefined) return [];
    if (kind.topologies?.includes(redis.topology) === false) {
      const message = `${kind.name} needs topology: ${kind.topologies.join(' or ')} (this is ${redis.topology}).`;
      return [{ code: 'impossible', path: ['faults', index, kind.name], atKey: true, message }];
    }
    return kind.targets(fault.params).flatMap((target): Finding[] => {
      const name = nameOf(target);
      if (known[target.kind].includes(name)) return [];
      const hint = didYouMean(name, known[target.kind]) || ` There are: ${known[target.kind].join(', ')}.`;
      const message = `there is no ${target.kind} "${name}" in this scenario (${describe(sections)}).${hint}`;
      return [{ code: 'impossible', path: pathOfParam(fault, name, index), message }];
    });
  });
}

function describe({ environment, producers, consumers }: Sections): string {
  const { topology, replicas = 0, masters, sentinel } = environment?.redis ?? {};
  const counts = [
    ...(masters === undefined ? [] : [`${masters} masters`]),
    ...(replicas === 0 ? [] : [`${replicas} ${replicas === 1 ? 'replica' : 'replicas'}${masters ? ' each' : ''}`]),
    ...(sentinel === undefined ? [] : [`${sentinel.count} Sentinels`]),
  ];
  const servers = counts.length === 0 ? '' : ` with ${counts.join(' and ')}`;
  return `${topology} Redis${servers}, producers: ${producers?.workers}, consumers: ${consumers?.workers}`;
}

function pathOfParam(fault: FaultSpec, name: string, index: number): KeyPath {
  const [server = name] = name.split('.');
  for (const [key, value] of Object.entries(fault.params)) {
    if (value === name) return ['faults', index, key];
    const place = Array.isArray(value) ? value.findIndex((one) => one === name || one === server) : -1;
    if (place >= 0) return ['faults', index, key, place];
  }
  return ['faults', index];
}

function checkTimes({ phases, faults }: Sections, registries: Registries): Finding[] {
  if (phases.length === 0 || !allKnown(phases)) return [];
  const planned = planFaults(
    faults.filter((fault) => fault !== undefined),
    phases,
    registries.faults,
  );
  const endMs = loadDurationMs(phases);
  return faults.flatMap((fault, index): Finding[] => {
    const time = fault === undefined ? undefined : planned.get(fault.id);
    if (fault === undefined || time === undefined) return [];
    const path = ['faults', index, 'at'];
    if (time === 'unknown') return [];
    if (time === 'cycle') {
      return [{ code: 'impossible', path, message: 'it waits for a fault that, in the end, waits for this one.' }];
    }
    if (time === 'never-lifted') {
      const other = 'fault' in fault.at ? fault.at.fault : '';
      const message = `"${other}" is not lifted before the load ends; give it a duration, such as for: 5s.`;
      return [{ code: 'impossible', path, message }];
    }
    if (time.lastMs < endMs) return [];
    const which = time.firstMs < endMs ? 'its last repetition is' : 'it is';
    const message = `${which} due ${formatDuration(time.lastMs)} into a load that ends after ${formatDuration(endMs)}.`;
    return [{ code: 'impossible', path: time.firstMs < endMs ? ['faults', index, 'times'] : path, message }];
  });
}

function allKnown(phases: readonly (PhaseSpec | undefined)[]): phases is readonly PhaseSpec[] {
  return !phases.includes(undefined);
}
