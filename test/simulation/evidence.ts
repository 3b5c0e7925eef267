import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { renderEvidence } from './evidence-page.js';
import type { BatchSummary } from './schedule/run-batch.js';

export const EVIDENCE_FOLDER = new URL('../../docs/evidence/simulation/', import.meta.url);
const FILE = new URL('simulation.json', EVIDENCE_FOLDER);

/** Schedules with consecutive seeds that were run in one go. */
export interface Chunk extends BatchSummary {
  readonly firstSeed: number;
  readonly seconds: number;
}

export interface VariantResult {
  readonly name: string;
  readonly rule: string;
  /** Undefined: it was not caught. */
  readonly caughtBy: string | undefined;
  readonly seed: number | undefined;
  readonly schedules: number;
}

export interface Evidence {
  readonly chunks: readonly Chunk[];
  readonly variants: readonly VariantResult[];
}

/** Seeds may be run in chunks: one that overlaps with what is stored takes its place. */
export function withChunk(evidence: Evidence, chunk: Chunk): Evidence {
  const end = chunk.firstSeed + chunk.schedules;
  const apart = evidence.chunks.filter((other) => {
    return other.firstSeed >= end || other.firstSeed + other.schedules <= chunk.firstSeed;
  });
  return { ...evidence, chunks: [...apart, chunk].sort((a, b) => a.firstSeed - b.firstSeed) };
}

export function withVariant(evidence: Evidence, result: VariantResult): Evidence {
  return { ...evidence, variants: [...evidence.variants.filter(({ name }) => name !== result.name), result] };
}

export function readEvidence(): Evidence {
  try {
    return JSON.parse(readFileSync(FILE, 'utf8')) as Evidence;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { chunks: [], variants: [] };
    throw error;
  }
}

export function writeEvidence(evidence: Evidence): void {
  mkdirSync(EVIDENCE_FOLDER, { recursive: true });
  writeFileSync(FILE, `${JSON.stringify(evidence, null, 2)}\n`);
  writeFileSync(new URL('README.md', EVIDENCE_FOLDER), renderEvidence(evidence));
}
