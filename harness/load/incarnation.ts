import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { LedgerFile, ReadySpan, WorkerIncident } from '../ledger/history.js';
import { ledgerFileName } from '../ledger/record.js';
import type { LagSummary, WorkerStats } from './protocol.js';
import type { WorkerEnd } from './worker-end.js';

/** One life of a worker: from a start to its end. */
export interface Incarnation {
  readonly number: number;
  readonly startedNs: number;
  readyNs: number | undefined;
  /** A fault's SIGKILL. */
  killedNs: number | undefined;
  /** A fault's SIGTERM: an orderly end, after which its file is whole. */
  stoppedNs: number | undefined;
  readonly pauses: { readonly by: PauseCause; readonly fromNs: number; untilNs: number | undefined }[];
  /** The last figures that it sent. */
  stats: WorkerStats | undefined;
  lag: LagSummary | undefined;
  end: WorkerEnd | undefined;
}

/** Stopped by SIGSTOP, or its event loop blocked: to the checker it is the same. */
export type PauseCause = 'signal' | 'stall';

type Worker = { readonly role: 'producer' | 'consumer'; readonly index: number };

export function newIncarnation(number: number, startedNs: number): Incarnation {
  return {
    number,
    startedNs,
    readyNs: undefined,
    killedNs: undefined,
    stoppedNs: undefined,
    pauses: [],
    stats: undefined,
    lag: undefined,
    end: undefined,
  };
}

/** By this cause; without one, by any. */
export function isPaused(life: Incarnation, cause?: PauseCause): boolean {
  return life.pauses.some(({ by, untilNs }) => untilNs === undefined && by === (cause ?? by));
}

/** Nothing where it is paused by the same cause already. */
export function beginPause(life: Incarnation, by: PauseCause, ns: number): void {
  if (!isPaused(life, by)) life.pauses.push({ by, fromNs: ns, untilNs: undefined });
}

export function endPause(life: Incarnation, ns: number, cause?: PauseCause): void {
  for (const pause of life.pauses) if (pause.by === (cause ?? pause.by)) pause.untilNs ??= ns;
}

/** A producer sends no figures before the load begins, which may be long after it was ready; a paused worker sends none. */
export function mayBeSilent(life: Incarnation, loadHasBegun: boolean): boolean {
  return !loadHasBegun || life.readyNs === undefined || isPaused(life);
}

/** Keeps what a signal, sent at `ns`, means to the checker. */
export function noteSignal(life: Incarnation, signal: NodeJS.Signals, ns: number): void {
  if (signal === 'SIGSTOP') beginPause(life, 'signal', ns);
  if (signal === 'SIGCONT') endPause(life, ns, 'signal');
  if (signal === 'SIGKILL') life.killedNs ??= ns;
  if (signal === 'SIGTERM') life.stoppedNs ??= ns;
}

/** The file of every life that can have written one: a worker that was ready and has none is damage to the ledger. */
export function ledgerFilesOf(dir: string, { role, index }: Worker, lives: readonly Incarnation[]): LedgerFile[] {
  return lives.flatMap(({ number, killedNs, readyNs }) => {
    const path = join(dir, ledgerFileName(role, index, number));
    const mayHave = readyNs !== undefined || existsSync(path);
    return mayHave ? [{ path, role, worker: index, incarnation: number, killedNs }] : [];
  });
}

/** When each life could do its work; one that a kill ended, until the kill. */
export function readySpansOf(worker: number, lives: readonly Incarnation[], endNs: number): ReadySpan[] {
  return lives.flatMap(({ readyNs, killedNs, end }) => {
    return readyNs === undefined ? [] : [{ worker, fromNs: readyNs, untilNs: killedNs ?? end?.atNs ?? endNs }];
  });
}

/** A kill or an ordered stop lasts until a later incarnation was ready. */
export function incidentsOf({ role, index }: Worker, lives: readonly Incarnation[], endNs: number): WorkerIncident[] {
  return lives.flatMap(({ number: incarnation, killedNs, stoppedNs, pauses }, i) => {
    const worker = { role, worker: index, incarnation };
    const incidents: WorkerIncident[] = pauses.map(({ fromNs, untilNs = endNs }) => {
      return { ...worker, kind: 'paused', fromNs, untilNs };
    });
    const untilNs = lives.slice(i + 1).find((life) => life.readyNs !== undefined)?.readyNs ?? endNs;
    if (stoppedNs !== undefined) incidents.push({ ...worker, kind: 'stopped', fromNs: stoppedNs, untilNs });
    if (killedNs !== undefined) incidents.push({ ...worker, kind: 'killed', fromNs: killedNs, untilNs });
    return incidents;
  });
}
