import { systemClock } from '../clock.js';
import { consumerLimits } from '../scenario/consumer-limits.js';
import { RemoteScaler } from './remote-scaler.js';
import { StatsReporter } from './stats-reporter.js';
import { runWorker } from './worker-host.js';

/** Entry of the process in which the driver decides how many consumers there are, until it is asked to stop. */
await runWorker(async (host) => {
  const clock = systemClock;
  const driver = await host.openDriver();
  const { name, version, capabilities } = driver;
  if (driver.autoscale === undefined) throw new Error(`driver ${name} has no autoscale()`);
  const onReady = () => host.send({ type: 'ready', readyNs: clock.nowNs(), driver: { name, version, capabilities } });
  using _reporter = new StatsReporter(
    clock,
    driver,
    () => ({}),
    (stats) => host.send({ type: 'stats', stats }),
  );
  const scaler = new RemoteScaler(host, host.stopSignal);
  await driver.autoscale(scaler, consumerLimits(host.job.scenario.consumers), onReady, host.stopSignal);
  if (!host.stopSignal.aborted)
    return host.fail('crashed', `autoscale() of driver ${name} ended though nobody asked it to`);
  await host.close(driver, `driver ${name}`);
  host.finish({ type: 'finished' });
});
