import type { HandlerSpec, OtherHandler } from './scenario.js';
import type { Finding } from './scenario-error.js';
import type { Sections } from './sections.js';
import { didYouMean } from './suggest.js';
import { consumerNames } from './topology-checks.js';

/** Handlers of workers that do not exist, in phases that do not, or that are no different from those of their peers. */
export function checkConsumers({ consumers, names }: Sections): Finding[] {
  if (consumers?.except === undefined) return [];
  const workers = consumerNames(consumers.workers);
  return Object.entries(consumers.except).flatMap(([worker, other]): Finding[] => {
    const path = ['consumers', 'except', worker];
    if (workers.includes(worker)) {
      return [...noDifference(consumers.handler, other, path), ...unknownPhases(other, names.phases, path)];
    }
    const hint = didYouMean(worker, workers) || ` There are: ${workers.join(', ')}.`;
    const message = `there is no consumer "${worker}" in this scenario.${hint}`;
    return [{ code: 'impossible', path, atKey: true, message }];
  });
}

function noDifference(peers: HandlerSpec, { handler }: OtherHandler, path: string[]): Finding[] {
  const { timeMs, cpuMs, failShare } = handler;
  if (timeMs !== peers.timeMs || cpuMs !== peers.cpuMs || failShare !== peers.failShare) return [];
  const message = 'this is what the handler of its peers does; give it another time, cpu or fail, or leave it out.';
  return [{ code: 'impossible', path: [...path, 'handler'], message }];
}

function unknownPhases({ during = [] }: OtherHandler, phases: readonly string[], path: string[]): Finding[] {
  return during.flatMap((phase, index): Finding[] => {
    if (phases.includes(phase)) return [];
    const hint = didYouMean(phase, phases) || ` There are: ${phases.join(', ') || 'none'}.`;
    const place = during.length === 1 ? [...path, 'during'] : [...path, 'during', index];
    return [{ code: 'bad-reference', path: place, message: `no phase is named "${phase}".${hint}` }];
  });
}
