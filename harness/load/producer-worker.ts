import { systemClock } from '../clock.js';
import { Generator } from './generator.js';
import { PayloadBuilder } from './payload.js';
import { type LoadPlan, planLoad } from './plan.js';
import { StatsReporter } from './stats-reporter.js';
import { runWorker } from './worker-host.js';
import { openWorkerLedger } from './worker-ledger.js';

/** Entry of a producer process: sends its share of the plan and waits for the outcomes. */
await runWorker(async (host) => {
  const { job } = host;
  const { index, incarnation } = job.worker;
  const { message } = job.scenario.load;
  const clock = systemClock;
  const plan = planLoad(job.scenario);
  const payloads = new PayloadBuilder(job.nonce, message.sizeBytes);
  const ledger = openWorkerLedger(host, 'producer', clock);
  if (ledger === undefined) return;

  const driver = await host.openDriver();
  if (driver.producer === undefined) throw new Error(`driver ${driver.name} has no producer()`);
  const producer = await driver.producer(host.stopSignal);
  const readyNs = clock.nowNs();
  const { name, version, capabilities } = driver;
  host.send({ type: 'ready', readyNs, driver: { name, version, capabilities } });

  const startNs = await host.begun();
  if (startNs === undefined) {
    await host.close(producer, `the producer of driver ${name}`);
    await host.close(driver, `driver ${name}`);
    return host.finish({ type: 'finished' });
  }
  // What was due before a killed or restarted producer came back is withheld: never sent.
  const fromNs = incarnation === 0 ? 0 : readyNs - startNs;
  const generator = new Generator({
    plan,
    nonce: job.nonce,
    ordinals: ordinalsOf(plan, index, fromNs),
    startNs,
    publishDeadlineMs: message.publishDeadlineMs,
    producer,
    payloads,
    ledger,
    clock,
    onError: (error) => host.fail('crashed', `capacity() of driver ${name} failed: ${String(error)}`),
  });
  const reporter = new StatsReporter(
    clock,
    driver,
    () => ({ producer: generator.stats() }),
    (stats) => host.send({ type: 'stats', stats }),
  );
  await generator.run(host.stopSignal);
  await host.close(producer, `the producer of driver ${name}`);
  await host.close(driver, `driver ${name}`);
  reporter[Symbol.dispose]();
  host.finish({ type: 'finished', lag: generator.lag() });
});

function ordinalsOf(plan: LoadPlan, producer: number, fromNs: number): Uint32Array {
  const ordinals = new Uint32Array(plan.count);
  let count = 0;
  for (let ordinal = 0; ordinal < plan.count; ordinal++) {
    if (plan.producer[ordinal] === producer && plan.intendedNs[ordinal]! >= fromNs) ordinals[count++] = ordinal;
  }
  return ordinals.slice(0, count);
}
