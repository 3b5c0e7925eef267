import { describe, expect, it } from 'vitest';
import { Columns } from '../../../../harness/ledger/check/columns.js';
import { buildHistory } from '../../../fixtures/ledger-builder.js';
import { constantPlan } from '../../../fixtures/load-plan.js';
import { temporaryFolders } from '../../../fixtures/temporary-folder.js';

const folder = temporaryFolders();

function bytesOf(holder: object): number {
  return Object.values(holder).reduce((sum, value) => sum + (ArrayBuffer.isView(value) ? value.byteLength : 0), 0);
}

describe('the checker', () => {
  it('needs less than 64 bytes a message, the plan included', () => {
    const plan = constantPlan();
    const columns = new Columns(buildHistory({ dir: folder(), plan }));
    expect((bytesOf(plan) + bytesOf(columns)) / plan.count).toBe(60);
  });
});
