import { systemClock } from '../clock.js';
import { scanUntilStable } from './inventory-scan.js';
import { planLoad } from './plan.js';
import { runWorker } from './worker-host.js';

/** Entry of the process that reads back, through a fresh driver, what the system still holds. */
await runWorker(async (host) => {
  const { nonce, scenario } = host.job;
  const driver = await host.openDriver();
  const options = { plan: planLoad(scenario), nonce, clock: systemClock, deadlineMs: scenario.drain.inventoryMs };
  const reading = await scanUntilStable(driver, options, host.stopSignal);
  host.send({ type: 'inventory', reading });
  await host.close(driver, `driver ${driver.name}`);
  host.finish({ type: 'finished' });
});
