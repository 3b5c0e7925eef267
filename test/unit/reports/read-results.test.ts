import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { parseResults, readResults } from '../../../reports/read-results.js';
import { ReportError } from '../../../reports/report-error.js';
import { sampleResults } from '../../fixtures/results.js';

function failure(text: string): ReportError {
  try {
    parseResults(text, 'some/results.json');
  } catch (error) {
    if (error instanceof ReportError) return error;
    throw error;
  }
  throw new Error('it was accepted');
}

function changed(change: (document: never) => void): string {
  const document: unknown = JSON.parse(JSON.stringify(sampleResults()));
  change(document as never);
  return JSON.stringify(document);
}

describe('a stored results document', () => {
  test('reads back as it was', () => {
    const results = sampleResults();
    expect(parseResults(JSON.stringify(results), 'x')).toEqual(JSON.parse(JSON.stringify(results)));
  });

  test('names file, place, value and expectation of what is wrong', () => {
    const error = failure(
      changed((document: { gates: { limit: unknown }[]; run: { seed?: unknown } }) => {
        document.gates[3]!.limit = 'ten';
        delete document.run.seed;
      }),
    );
    expect(error.code).toBe('invalid');
    expect(error.message).toContain('some/results.json');
    expect(error.message).toContain('gates[3].limit: expected number, received string; it is "ten"');
    expect(error.message).toContain('run.seed: expected number, received undefined; it is missing');
  });

  test('shows five of many problems', () => {
    const error = failure(
      changed((document: { gates: { limit: unknown }[] }) => {
        for (const gate of document.gates) gate.limit = null;
      }),
    );
    expect(error.message.split('\n')).toHaveLength(7);
    expect(error.message).toContain('... and 11 more');
  });

  test('of another version says what to do', () => {
    const error = failure(
      changed((document: { gauntletResults: unknown }) => {
        document.gauntletResults = 2;
      }),
    );
    expect(error.code).toBe('wrong-version');
    expect(error.message).toContain('this Gauntlet reads version 1');
    expect(error.message).toContain('Render it with the Gauntlet that wrote it (0.1.0)');
  });

  test.each([
    ['', 'not-json', 'the file is empty'],
    ['{"gauntletRes', 'not-json', 'is not JSON'],
    ['[]', 'invalid', 'has no "gauntletResults"'],
    ['null', 'invalid', 'has no "gauntletResults"'],
  ])('%j is refused as %s', (text, code, message) => {
    const error = failure(text);
    expect(error.code).toBe(code);
    expect(error.message).toContain(message);
  });

  test('may be compressed, and says so where it is not what its name says', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'gauntlet-read-'));
    try {
      const text = JSON.stringify(sampleResults());
      await writeFile(join(dir, 'results.json.gz'), gzipSync(text));
      expect(await readResults(join(dir, 'results.json.gz'))).toEqual(JSON.parse(text));
      await writeFile(join(dir, 'plain.json.gz'), text);
      await expect(readResults(join(dir, 'plain.json.gz'))).rejects.toMatchObject({ code: 'unreadable' });
    } finally {
      await rm(dir, { recursive: true });
    }
  });

  test('that is not there, or is a folder', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'gauntlet-read-'));
    try {
      await expect(readResults(join(dir, 'none.json'))).rejects.toMatchObject({ code: 'not-found' });
      await expect(readResults(dir)).rejects.toMatchObject({ code: 'unreadable' });
    } finally {
      await rm(dir, { recursive: true });
    }
  });
});
