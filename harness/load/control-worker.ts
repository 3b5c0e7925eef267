import { systemClock } from '../clock.js';
import { runWorker } from './worker-host.js';

/** Entry of the one-shot process that lets the driver create its topics and says what the driver is. */
await runWorker(async (host) => {
  const driver = await host.openDriver();
  await driver.prepare?.(host.stopSignal);
  const { name, version, capabilities } = driver;
  host.send({ type: 'ready', readyNs: systemClock.nowNs(), driver: { name, version, capabilities } });
  await host.close(driver, `driver ${name}`);
  host.finish({ type: 'finished' });
});
