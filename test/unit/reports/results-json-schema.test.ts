import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { resultsJsonSchema } from '../../../reports/results-json-schema.js';

// `npx vitest run --project unit test/unit/reports/results-json-schema.test.ts -u` writes the file.
test('the published schema is the one that results are validated against', async () => {
  const path = fileURLToPath(new URL('../../../reports/results.schema.json', import.meta.url));
  await expect(`${JSON.stringify(resultsJsonSchema(), null, 2)}\n`).toMatchFileSnapshot(path);
});
