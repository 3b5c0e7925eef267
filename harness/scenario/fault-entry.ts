import { z } from 'zod';
import type { FaultKind } from '../faults/fault.js';
import { FAULT_TIME_FORMS, parseFaultTime, type ScenarioNames } from './fault-time.js';
import type { FaultSpec } from './scenario.js';
import type { Finding, KeyPath } from './scenario-error.js';
import { name } from './schema.js';
import { badValue, checkAgainst, unknownKey } from './schema-findings.js';
import { nearest } from './suggest.js';
import { positiveDuration } from './units.js';

/** What every fault takes beside the keys of its kind. */
export const faultTiming = z.strictObject({
  id: name.optional().describe('What gates and other faults refer to; <kind>-<n> when left out.'),
  at: z.union([z.string(), z.literal(0)], `a time such as ${FAULT_TIME_FORMS}`).describe(`When: ${FAULT_TIME_FORMS}.`),
  for: positiveDuration.optional().describe('Lifted after this long; when left out, at the end of the load.'),
  every: positiveDuration.optional().describe('Injected again, this long after the last injection.'),
  times: z.int().min(2).max(10_000).optional().describe('Injections in all, with every.'),
});
const TIMING_KEYS = Object.keys(faultTiming.shape);

/**
 * The kind that an entry names. Where two keys are kinds (`restart` is one, and a parameter of `kill`), the one that takes
 * the other, else the first.
 */
export function kindOf(raw: Readonly<Record<string, unknown>>, kinds: readonly FaultKind[]): FaultKind | undefined {
  const found = Object.keys(raw).flatMap((key) => {
    const kind = TIMING_KEYS.includes(key) ? undefined : kinds.find((one) => one.name === key);
    return kind === undefined ? [] : [kind];
  });
  if (found.length < 2) return found[0];
  return found.find((kind) => kind.params.safeParse(pick(raw, false)).success) ?? found[0];
}

/** One entry of `faults`. `id` is the given one or the one made up for it. */
export function parseFault(
  raw: unknown,
  id: string,
  path: KeyPath,
  kinds: readonly FaultKind[],
  names: ScenarioNames,
): { value?: FaultSpec; findings: Finding[] } {
  if (!isMapping(raw)) return { findings: [badValue(path, raw, 'a fault such as { at: steady + 2s, latency: 20ms }')] };
  const timing = checkAgainst(faultTiming, pick(raw, true), path);
  const findings = [...timing.findings];
  const time = typeof raw.at === 'string' || raw.at === 0 ? parseFaultTime(String(raw.at), names) : undefined;
  if (time !== undefined && 'problem' in time) {
    findings.push({ code: time.code, path: [...path, 'at'], message: time.problem });
  }

  const kind = kindOf(raw, kinds);
  if (kind === undefined) return { findings: [...findings, noKind(raw, path, kinds)] };
  const params = checkAgainst(kind.params, pick(raw, false), path);
  const meant = params.findings.length > 1 ? misspeltKind(raw, kind, kinds) : undefined;
  if (meant !== undefined) return { findings: [...findings, unknownKey([...path, meant], meant, kindNames(kinds))] };
  findings.push(...params.findings.map((finding) => secondKind(finding, kind, kinds)));

  if (timing.value === undefined || params.value === undefined || time === undefined || 'problem' in time) {
    return { findings };
  }
  const { for: forMs, every, times } = timing.value;
  if ((every === undefined) !== (times === undefined)) {
    const [given, missing] = every === undefined ? ['times', 'every: 10s'] : ['every', 'times: 3'];
    return {
      findings: [{ code: 'missing', path: [...path, given!], message: `${given} needs ${missing} beside it.` }],
    };
  }
  if (every !== undefined && forMs !== undefined && forMs > every) {
    const message = 'it would be injected again before it is lifted; make every longer than for.';
    return { findings: [{ code: 'impossible', path: [...path, 'every'], message }] };
  }
  const value: FaultSpec = {
    id,
    kind: kind.name,
    at: time.time,
    ...(forMs === undefined ? {} : { forMs }),
    ...(every === undefined || times === undefined ? {} : { repeat: { everyMs: every, times } }),
    params: params.value,
  };
  return { value, findings };
}

/** `kil: redis-1, restart: 3s` is no restart. */
function misspeltKind(
  raw: Readonly<Record<string, unknown>>,
  kind: FaultKind,
  kinds: readonly FaultKind[],
): string | undefined {
  const others = kindNames(kinds).filter((name) => name !== kind.name);
  return Object.keys(raw).find(
    (key) => !TIMING_KEYS.includes(key) && !kindNames(kinds).includes(key) && nearest(key, others) !== undefined,
  );
}

function kindNames(kinds: readonly FaultKind[]): string[] {
  return kinds.map((kind) => kind.name);
}

function noKind(raw: Readonly<Record<string, unknown>>, path: KeyPath, kinds: readonly FaultKind[]): Finding {
  const known = kindNames(kinds);
  const unknown = Object.keys(raw).filter((key) => !TIMING_KEYS.includes(key));
  const slip = unknown.find((key) => nearest(key, known) !== undefined);
  if (slip !== undefined) return unknownKey([...path, slip], slip, known);
  const first = unknown[0];
  const there = `Kinds: ${known.join(', ')}.`;
  if (first === undefined) return { code: 'missing', path, message: `names no kind of fault. ${there}` };
  const message = `"${first}" is no kind of fault. ${there}`;
  return { code: 'unknown-key', path: [...path, first], atKey: true, message };
}

/** A key that the kind does not take, but that is a kind itself. */
function secondKind(finding: Finding, kind: FaultKind, kinds: readonly FaultKind[]): Finding {
  const key = finding.path.at(-1);
  if (finding.code !== 'unknown-key' || !kinds.some((one) => one.name === key)) return finding;
  return { ...finding, message: `this entry is a ${kind.name} already; write one entry for each fault.` };
}

function pick(raw: Readonly<Record<string, unknown>>, timing: boolean): Record<string, unknown> {
  return Object.fromEntries(Object.entries(raw).filter(([key]) => TIMING_KEYS.includes(key) === timing));
}

export function isMapping(raw: unknown): raw is Readonly<Record<string, unknown>> {
  return typeof raw === 'object' && raw !== null && !Array.isArray(raw);
}
