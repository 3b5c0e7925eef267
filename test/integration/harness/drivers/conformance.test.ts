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

  it('every member is handed everything: caught by: severalMembers', async () => {
    const check = CONFORMANCE_CHECKS.find(({ name }) => name.startsWith('severalMembers'))!;
    const alone: DriverModule = {
      createDriver(context) {
        const drivers = [reference.createDriver(context)];
        const [first] = drivers as [Driver];
        return {
          name: 'alone',
          version: '1',
          capabilities: first.capabilities,
          prepare: (signal) => first.prepare!(signal),
          producer: (signal) => first.producer!(signal),
          inventory: (signal) => first.inventory!(signal),
          autoscale: (...call) => first.autoscale!(...call),
          consume(...call) {
            const own = reference.createDriver({ ...context, group: `alone-${drivers.length}` });
            drivers.push(own);
            return own.consume!(...call);
          },
          async [Symbol.asyncDispose]() {
            for (const driver of drivers) await driver[Symbol.asyncDispose]();
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
