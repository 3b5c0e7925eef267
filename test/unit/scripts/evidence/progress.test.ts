import { existsSync, mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { EvidenceProgress, type Origin } from '../../../../scripts/evidence/progress.js';
import { sampleResults } from '../../../fixtures/results.js';
import { temporaryFolders } from '../../../fixtures/temporary-folder.js';

const ORIGIN: Origin = { commit: 'c1', scenario: 'name: steady', set: ['a=1'], tags: 'ci' };
const RESULTS = sampleResults({ name: 'steady', seed: 7 });
const TEXT = Buffer.from(JSON.stringify(RESULTS));
const temporaryFolder = temporaryFolders();

let root: string;
let folder: string;
beforeEach(() => {
  root = temporaryFolder();
  folder = join(root, 'in-progress', 'steady');
});

describe('the results of a call that was interrupted', () => {
  it('are known again where they were made with the same', async () => {
    expect(await new EvidenceProgress(folder).kept('a-1.json.gz', ORIGIN)).toBeUndefined();
    expect((await new EvidenceProgress(folder).keep('a-1.json.gz', ORIGIN, TEXT)).run.seed).toBe(7);
    const again = new EvidenceProgress(folder);
    expect((await again.kept('a-1.json.gz', { ...ORIGIN, set: ['a=1'] }))?.run.seed).toBe(7);
    expect(await again.kept('a-2.json.gz', ORIGIN)).toBeUndefined();
  });

  it.each([
    [{ commit: 'c2' }],
    [{ commit: null }],
    [{ scenario: 'name: steady # changed' }],
    [{ set: ['a=2'] }],
    [{ set: [] }],
    [{ tags: undefined }],
  ])('are not where they were made with another one of %o', async (different) => {
    const progress = new EvidenceProgress(folder);
    await progress.keep('a-1.json.gz', ORIGIN, TEXT);
    expect(await progress.kept('a-1.json.gz', { ...ORIGIN, ...different })).toBeUndefined();
  });

  it('are made again where the file is cut', async () => {
    const progress = new EvidenceProgress(folder);
    await progress.keep('a-1.json.gz', ORIGIN, TEXT);
    truncateSync(join(folder, 'a-1.json.gz'), readFileSync(join(folder, 'a-1.json.gz')).length - 20);
    expect(await progress.kept('a-1.json.gz', ORIGIN)).toBeUndefined();
    await progress.keep('a-1.json.gz', ORIGIN, TEXT);
    expect(await progress.kept('a-1.json.gz', ORIGIN)).toBeDefined();
  });

  it('go in the place of what was there, without what belongs to another call', async () => {
    const progress = new EvidenceProgress(folder);
    await progress.keep('a-1.json.gz', ORIGIN, TEXT);
    await progress.keep('b-1.json.gz', ORIGIN, TEXT);
    writeFileSync(join(folder, 'c-1.json.gz.part'), 'half');
    const target = join(root, 'evidence');
    mkdirSync(target);
    writeFileSync(join(target, 'old-1.json.gz'), '');
    await progress.moveTo(target, ['b-1.json.gz']);
    expect(readdirSync(target)).toEqual(['b-1.json.gz']);
    expect(existsSync(folder)).toBe(false);
  });
});
