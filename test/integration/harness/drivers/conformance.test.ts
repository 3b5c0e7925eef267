import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CONFORMANCE_CHECKS, type ConformanceTarget } from '../../../../harness/drivers/conformance.js';
import type { Driver, DriverModule } from '../../../../harness/drivers/driver.js';
import * as nullDriver from '../../../../harness/drivers/null.js';
import * as reference from '../../../../harness/drivers/reference.js';
import * as plainStreams from '../../../fixtures/drivers/plain-streams.js';
import * as sabotaged from '../../../fixtures/drivers/sabotaged.js';
import { RedisServer } from '../../../fixtures/redis-server.js';

let server: RedisServer;
beforeAll(async () => {
  server = await RedisServer.start();
});
afterAll(() => server[Symbol.asyncDispose]());

function target(module: DriverModule, options: ConformanceTarget['options'] = {}): ConformanceTarget {
  const nodes = [{ name: 'redis-1', host: '127.0.0.1', port: server.port }];
  return { module, options, endpoints: { redis: { topology: 'standalone', nodes } } };
}

/** The reference driver, but for how it consumes. */
function withConsume(driver: Driver, consume: NonNullable<Driver['consume']>): Driver {
  return {
    name: 'unlike',
    version: '1',
    capabilities: driver.capabilities,
    prepare: (signal) => driver.prepare!(signal),
    producer: (signal) => driver.producer!(signal),
    inventory: (signal) => driver.inventory!(signal),
    autoscale: (...call) => driver.autoscale!(...call),
    consume,
    [Symbol.asyncDispose]: () => driver[Symbol.asyncDispose](),
  };
}

describe.each([
  ['reference', reference],
  ['plain-streams', plainStreams],
  ['sabotaged, without a sabotage', sabotaged],
] as const)('the driver %s', (_, module) => {
  it.each(CONFORMANCE_CHECKS.map((check) => [check.name, check] as const))('%s', async (_name, check) => {
    await check.run(target(module));
  });
});

describe('a driver that breaks a rule', () => {
  const answered = 'every message is answered once and delivered once, as it was sent';
  const held = 'the inventory lists what is not settled, message by message, and nothing else';
  const scaled = 'an autoscaler asks for as many consumers as its limits allow, and looks until it is asked to stop';
  it.each([
    ['is-never-sure', answered],
    ['answers-twice', answered],
    ['drops', answered],
    ['delivers-twice', answered],
    ['corrupts-a-byte', answered],
    ['swaps-payloads', answered],
    ['invents-a-message', answered],
    ['claims-the-dropped', held],
    ['reorders-a-key', "ordering: 'key' is kept, one message of a key at a time"],
    ['overlaps-a-key', "ordering: 'key' is kept, one message of a key at a time"],
    ['never-stops', answered],
    ['asks-for-too-many', scaled],
    ['stops-scaling', scaled],
  ])('%s is caught by: %s', async (sabotage, name) => {
    const check = CONFORMANCE_CHECKS.find((one) => one.name === name)!;
    const bad = { ...target(sabotaged, { sabotage, every: 45 }), deadlineMs: 3_000 };
    await expect(check.run(bad)).rejects.toThrow();
  });

  it('one member has everything: caught by: severalMembers', async () => {
    const check = CONFORMANCE_CHECKS.find(({ name }) => name.startsWith('severalMembers'))!;
    const selfish: DriverModule = {
      createDriver(context) {
        const driver = reference.createDriver(context);
        let members = 0;
        return withConsume(driver, async (handler, ready, signal) => {
          if (members++ === 0) return driver.consume!(handler, ready, signal);
          ready();
          await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
        });
      },
    };
    const run = check.run({ ...target(selfish), deadlineMs: 3_000 });
    await expect(run).rejects.toThrow(/every member is served/);
  });

  it('every member is handed everything: caught by: severalMembers', async () => {
    const check = CONFORMANCE_CHECKS.find(({ name }) => name.startsWith('severalMembers'))!;
    const alone: DriverModule = {
      createDriver(context) {
        const others: Driver[] = [];
        const driver = withConsume(reference.createDriver(context), (...call) => {
          const own = reference.createDriver({ ...context, group: `alone-${others.length}` });
          others.push(own);
          return own.consume!(...call);
        });
        return {
          ...driver,
          async [Symbol.asyncDispose]() {
            for (const one of [driver, ...others]) await one[Symbol.asyncDispose]();
          },
        };
      },
    };
    await expect(check.run(target(alone))).rejects.toThrow(/delivered to one of the members/);
  });

  it('the null driver loses everything', async () => {
    const check = CONFORMANCE_CHECKS.find(({ name }) => name === answered)!;
    await expect(check.run({ ...target(nullDriver), deadlineMs: 1_000 })).rejects.toThrow(/every message is delivered/);
  });
});
