// Prints vitest's JSON result as one plain line; fails when there is none, when a test failed, or when none ran.
import { readFileSync } from 'node:fs';

let result;
try {
  result = JSON.parse(readFileSync(process.argv[2], 'utf8'));
} catch {
  console.log('0 passed, 1 failed, 0 skipped');
  console.error('The tests did not get as far as a result.');
  process.exit(1);
}
const passed = result.numPassedTests;
const failed = Math.max(result.numFailedTests, result.success ? 0 : 1);
const skipped = result.numPendingTests + result.numTodoTests;
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
process.exit(failed > 0 || passed === 0 ? 1 : 0);
