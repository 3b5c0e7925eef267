import { FATE } from '../../harness/ledger/checked-run.js';
import { checkRun } from '../../harness/ledger/checker.js';
import { syntheticHistory } from './synthetic-ledger.js';

/** A process of its own, so that its peak of resident memory is the checker's: prints what it took as JSON. */
const [dir = '', count = ''] = process.argv.slice(2);
const before = process.memoryUsage.rss();
const startMs = performance.now();
const history = syntheticHistory(dir, Number(count));
const run = checkRun(history);
const ms = performance.now() - startMs;
const delivered = run.fate.reduce((sum, fate) => sum + (fate === FATE.delivered ? 1 : 0), 0);
if (delivered !== history.plan.count || run.damage.length > 0) throw new Error(`wrong: ${delivered}, ${run.damage}`);
const peakBytes = process.resourceUsage().maxRSS * 1024 - before;
process.stdout.write(JSON.stringify({ ms, records: run.records, peakBytes }));
