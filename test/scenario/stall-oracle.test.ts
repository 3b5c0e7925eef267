import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { NS_PER_MS } from '../../harness/clock.js';
import type { LoadPlan } from '../../harness/load/plan.js';
import { failures, runFixture } from '../fixtures/run-scenario.js';
import { temporaryFolders } from '../fixtures/temporary-folder.js';

const TOLERANCE = 0.02;
const QUANTILES = [0.8, 0.85, 0.9, 0.95, 0.99, 0.999];

const folder = temporaryFolders();

/**
 * A system that is frozen for S of T seconds under a constant rate makes the messages wait that were due then: the first
 * for S, the last not at all. So for every q > 1 - S/T the q-quantile of the latency is S - (1 - q) T. Whoever measures
 * from the moment of sending, or leaves out what could not be sent, sees almost nothing of it.
 *
 * A busy machine keeps the system frozen for longer than the fault does, and lets it work off slowly what has piled up.
 * That is no error of the instrument, and the driver bears witness: it notes when it hands over each message. Its notes say
 * how long the freeze really was, how long the backlog took, and what each quantile is.
 */
it('a freeze of S in T seconds shows as S - (1 - q) T at every q', async () => {
  const dir = folder();
  const notes = join(dir, 'notes');
  const { results, plan } = await runFixture('stall', [`system.options.notes=${notes}`], dir);
  expect(failures(results)).toEqual({});

  const [freeze] = results.faults;
  expect(freeze!.tookHold).toBe(true);
  const phase = plan.phases.find(({ name }) => name === 'frozen')!;
  const measured = handOvers(notes, plan).filter(({ ordinal }) => ordinal >= phase.first && ordinal < phase.end);
  expect(measured.length).toBe(phase.end - phase.first);

  const wholeMs = (phase.endNs - phase.startNs) / NS_PER_MS;
  const thawedMs = endOfLongestSilence(measured.map(({ atMs }) => atMs));
  const frozenMs = thawedMs - freeze!.injectedMs!;
  expect(frozenMs).toBeGreaterThan(2000);
  const piledUp = measured.filter(({ dueMs }) => dueMs >= freeze!.injectedMs! && dueMs < thawedMs);
  const backlogMs = Math.max(...piledUp.map(({ atMs }) => atMs - thawedMs));
  const waitsMs = measured.map(({ atMs, dueMs }) => atMs - dueMs).sort((a, b) => a - b);

  const slackMs = TOLERANCE * frozenMs;
  for (const q of QUANTILES) {
    const observed = results.gates.find(({ metric }) => metric === `latency.p${round(100 * q)}`)!.observed!;
    const noted = waitsMs[Math.ceil(q * waitsMs.length) - 1]!;
    expect(Math.abs(observed - noted), `q ${q}: ${observed} ms, the driver noted ${noted} ms`).toBeLessThan(slackMs);
    const expected = frozenMs - (1 - q) * wholeMs;
    const told = `q ${q}: ${observed} ms, expected ${expected} ms and at most ${backlogMs} ms for the backlog`;
    expect(observed, told).toBeGreaterThan(expected - slackMs);
    expect(observed, told).toBeLessThan(expected + backlogMs + slackMs);
  }
});

interface HandOver {
  readonly ordinal: number;
  /** Since the start of the load, as `atMs`. */
  readonly dueMs: number;
  /** When the driver first handed the message to its handler. */
  readonly atMs: number;
}

/** What the driver noted. The message that waited the least waited next to nothing, which tells when the load started. */
function handOvers(path: string, { intendedNs }: LoadPlan): HandOver[] {
  const first = new Map<number, number>();
  for (const line of readFileSync(path, 'utf8').trim().split('\n')) {
    const [ordinal, ns] = line.split(' ').map(Number) as [number, number];
    if (!first.has(ordinal)) first.set(ordinal, ns);
  }
  const startNs = [...first].reduce((start, [ordinal, ns]) => Math.min(start, ns - intendedNs[ordinal]!), Infinity);
  return [...first].map(([ordinal, ns]) => {
    return { ordinal, dueMs: intendedNs[ordinal]! / NS_PER_MS, atMs: (ns - startNs) / NS_PER_MS };
  });
}

function endOfLongestSilence(times: readonly number[]): number {
  const ascending = times.toSorted((a, b) => a - b);
  let [end, longest] = [0, 0];
  for (let i = 1; i < ascending.length; i++) {
    const silence = ascending[i]! - ascending[i - 1]!;
    if (silence > longest) [end, longest] = [ascending[i]!, silence];
  }
  return end;
}

function round(percent: number): number {
  return Number(percent.toFixed(3));
}
