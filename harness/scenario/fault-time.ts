import type { FaultTime } from './scenario.js';
import { didYouMean } from './suggest.js';
import { parseDuration } from './units.js';

/** Names that fault times and gates may refer to. */
export interface ScenarioNames {
  readonly phases: readonly string[];
  readonly faults: readonly string[];
}

export type FaultTimeResult =
  | { readonly time: FaultTime }
  | { readonly problem: string; readonly code: 'bad-value' | 'bad-reference' };

export const FAULT_TIME_FORMS = '<phase> + 2s, <fault> + 2s, <fault> lifted + 2s, or 2s from the start of the load';

/** `at := NAME [lifted] [+ DURATION] | DURATION`. */
export function parseFaultTime(text: string, names: ScenarioNames): FaultTimeResult {
  const offset = text === '0' ? 0 : parseDuration(text);
  if (offset !== undefined) return { time: { after: 'start', offsetMs: offset } };
  const match = /^([A-Za-z][\w-]*)(?:\s+(lifted))?\s*(?:\+\s*(\S.*))?$/.exec(text.trim());
  if (match === null) return bad(`"${text}": expected a time such as ${FAULT_TIME_FORMS}.`);
  const [, name = '', lifted, written] = match;
  const offsetMs = written === undefined ? 0 : parseDuration(written);
  if (offsetMs === undefined) {
    return bad(`"${written}": expected a duration with its unit after the +, such as ${name} + 2s.`);
  }
  if (names.faults.includes(name)) {
    return { time: { after: lifted ? 'lifted' : 'injected', fault: name, offsetMs } };
  }
  if (names.phases.includes(name)) {
    if (lifted) return bad(`"${name}" is a phase; only a fault is lifted.`);
    return { time: { after: 'phase', phase: name, offsetMs } };
  }
  const hint = didYouMean(name, [...names.phases, ...names.faults]);
  return { code: 'bad-reference', problem: `no phase or fault is named "${name}".${hint || ` ${listNames(names)}`}` };
}

function listNames({ phases, faults }: ScenarioNames): string {
  const list = (kind: string, names: readonly string[]) => (names.length === 0 ? [] : [`${kind}: ${names.join(', ')}`]);
  return `There are: ${[...list('phases', phases), ...list('faults', faults)].join('; ') || 'none'}.`;
}

function bad(problem: string): FaultTimeResult {
  return { code: 'bad-value', problem };
}
