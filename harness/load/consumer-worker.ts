import { systemClock } from '../clock.js';
import type { IncomingMessage } from '../drivers/driver.js';
import { consumeAs } from './consume-as.js';
import { Handler } from './handler.js';
import { handlerChangeOf } from './handler-change.js';
import { planLoad } from './plan.js';
import { StatsReporter } from './stats-reporter.js';
import { runWorker } from './worker-host.js';
import { openWorkerLedger } from './worker-ledger.js';

/** How long a driver may take to finish what is in flight when asked to stop consuming. */
const STOP_DEADLINE_MS = 20_000;

/** Entry of a consumer process: handles what the driver delivers until it is asked to stop. */
await runWorker(async (host) => {
  const { job } = host;
  const clock = systemClock;
  const ledger = openWorkerLedger(host, 'consumer', clock);
  if (ledger === undefined) return;
  const plan = planLoad(job.scenario);
  const handler = new Handler({
    plan,
    nonce: job.nonce,
    seed: job.scenario.seed,
    spec: job.scenario.consumers.handler,
    change: handlerChangeOf(job.scenario, plan, `consumer-${job.ledgerWorker + 1}`),
    ledger,
    clock,
  });

  const driver = await host.openDriver();
  const { name, version, capabilities } = driver;
  if (driver.consume === undefined) throw new Error(`driver ${name} has no consume()`);
  const onReady = () => host.send({ type: 'ready', readyNs: clock.nowNs(), driver: { name, version, capabilities } });
  const reporter = new StatsReporter(
    clock,
    driver,
    () => ({ consumer: handler.stats() }),
    (stats) => host.send({ type: 'stats', stats }),
  );
  void host.begun().then((startNs) => startNs !== undefined && handler.begin(startNs));
  host.stopSignal.addEventListener('abort', () => {
    setTimeout(() => {
      host.fail('not-closed', `driver ${name} did not stop consuming within ${STOP_DEADLINE_MS / 1000} s`);
    }, STOP_DEADLINE_MS);
  });
  const handlerOf = (member: number) => (message: IncomingMessage) => handler.handle(message, member);
  // One that is not wanted any more before it was ready joins nobody.
  if (!host.stopSignal.aborted) await consumeAs({ members: job.members, driver, handlerOf, onReady }, host.stopSignal);
  if (!host.stopSignal.aborted)
    return host.fail('crashed', `consume() of driver ${name} ended though nobody asked it to`);
  await host.close(driver, `driver ${name}`);
  reporter[Symbol.dispose]();
  host.finish({ type: 'finished' });
});
