import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Environment } from '../../../../harness/environment/environment.js';
import type { FaultContext, FaultKind } from '../../../../harness/faults/fault.js';
import { ping } from '../../../../harness/faults/probe.js';
import { processState } from '../../../../harness/faults/process-target.js';
import { findFaultKind } from '../../../../harness/faults/registry.js';
import { checkTargets } from '../../../../harness/faults/targets.js';
import type { FaultSpec } from '../../../../harness/scenario/scenario.js';
import {
  deafWorker,
  type FaultBed,
  hurried,
  injectRaw,
  openFaultBed,
  withDeafNodes,
} from '../../../fixtures/fault-bed.js';

const { signal } = new AbortController();
const kind = (name: string) => findFaultKind(name) as FaultKind;

const targets = ['redis-master', 'redis-1', 'consumer-1'];
const onAll = ['kill', 'pause', 'restart', 'stop'].flatMap((name) => targets.map((target) => [name, target] as const));
const cases = [...onAll, ['stall', 'consumer-1'] as const];

describe('faults on processes', () => {
  let bed: FaultBed;
  beforeAll(async () => {
    bed = await openFaultBed();
  });
  afterAll(async () => {
    await bed[Symbol.asyncDispose]();
  });

  const server = () => bed.environment.nodes[0]!;
  const processOf = (target: string) => (target === 'consumer-1' ? bed.worker : server().process!);
  const expectWell = async (target: string) => {
    expect(processOf(target).running).toBe(true);
    expect(processState(processOf(target).pid!)).toMatch(/[RSD]/);
    expect((await ping(server().clients, 5000, bed.context.clock, signal)).outcome).toBe('replied');
  };

  test.each(cases)('%s of %s takes hold, and is undone', async (name, target) => {
    const pid = processOf(target).pid!;
    const fault = await injectRaw(kind(name), { [name]: target }, bed.context);
    expect(fault.affected).toEqual([processOf(target).name]);
    expect(await fault.prove(signal)).toMatchObject({ tookHold: true });
    if (name === 'kill' || name === 'stop') expect(processState(pid)).toBeUndefined();
    if (name === 'pause') expect(processState(pid)).toBe('T');
    if (name === 'stall') expect(processState(pid)).toMatch(/[RSD]/);
    await fault.lift(signal);
    await fault.lift(signal);
    await expectWell(target);
    expect(processOf(target).pid === pid).toBe(name === 'pause' || name === 'stall');
  });

  test.each(cases)('%s of %s without effect does not take hold', async (name, target) => {
    const context: FaultContext = {
      ...bed.context,
      clock: hurried(bed.context.clock),
      environment: withDeafNodes(bed.environment),
      workers: {
        names: () => ['consumer-1'],
        get: (one) => (one === 'consumer-1' ? deafWorker(bed.worker) : undefined),
      },
    };
    const fault = await injectRaw(kind(name), { [name]: target }, context);
    expect(await fault.prove(signal)).toMatchObject({ tookHold: false });
    await fault.lift(signal);
    await expectWell(target);
  });

  test('a killed process is not hit again, and the first lifting starts it', async () => {
    const first = await injectRaw(kind('kill'), { kill: 'redis-1' }, bed.context);
    for (const name of ['kill', 'pause', 'restart', 'stop']) {
      await expect(injectRaw(kind(name), { [name]: 'redis-1' }, bed.context)).rejects.toMatchObject({
        code: 'not-running',
      });
    }
    await first.lift(signal);
    await expectWell('redis-1');
  });

  test('a paused process continues when the last of two pauses is lifted', async () => {
    const first = await injectRaw(kind('pause'), { pause: 'redis-1' }, bed.context);
    const second = await injectRaw(kind('pause'), { pause: 'redis-master' }, bed.context);
    await first.lift(signal);
    expect(await second.prove(signal)).toMatchObject({ tookHold: true });
    await second.lift(signal);
    await expectWell('redis-1');
  });

  test('a stalled worker goes on when the last of two stalls is lifted', async () => {
    const first = await injectRaw(kind('stall'), { stall: 'consumer-1' }, bed.context);
    const second = await injectRaw(kind('stall'), { stall: 'consumer-1' }, bed.context);
    await first.lift(signal);
    expect(await second.prove(signal)).toMatchObject({ tookHold: true });
    await second.lift(signal);
    expect(await bed.worker.ping(5000)).toBeGreaterThan(0);
    await expectWell('consumer-1');
  });

  test('a stalled worker can be killed; lifting both leaves it well', async () => {
    const stalled = await injectRaw(kind('stall'), { stall: 'consumer-1' }, bed.context);
    const killed = await injectRaw(kind('kill'), { kill: 'consumer-1' }, bed.context);
    expect(await stalled.prove(signal)).toMatchObject({ tookHold: false });
    await killed.lift(signal);
    await stalled.lift(signal);
    expect(await bed.worker.ping(5000)).toBeGreaterThan(0);
    await expectWell('consumer-1');
  });

  test('a worker that is silent because it is paused is not stalled, until it goes on', async () => {
    const paused = await injectRaw(kind('pause'), { pause: 'consumer-1' }, bed.context);
    expect(await paused.prove(signal)).toMatchObject({ tookHold: true });
    const stalled = await injectRaw(kind('stall'), { stall: 'consumer-1' }, bed.context);
    expect(await stalled.prove(signal)).toMatchObject({
      tookHold: false,
      observed: expect.stringContaining('in state T'),
    });
    await paused.lift(signal);
    expect(await stalled.prove(signal)).toMatchObject({ tookHold: true });
    await stalled.lift(signal);
    await expectWell('consumer-1');
  });

  test('a worker that was silent anyway is not shown to be stalled by its silence', async () => {
    let isSilent = true;
    const ping = async (deadlineMs: number) => (isSilent ? undefined : bed.worker.ping(deadlineMs));
    const silent = Object.assign(deafWorker(bed.worker), { ping });
    const workers = { names: () => ['consumer-1'], get: () => silent };
    const fault = await injectRaw(kind('stall'), { stall: 'consumer-1' }, { ...bed.context, workers });
    expect(await fault.prove(signal)).toMatchObject({
      tookHold: false,
      observed: expect.stringContaining('none before either, so that this shows nothing'),
    });
    isSilent = false;
    await fault.lift(signal);
    await expectWell('consumer-1');
  });

  test('a paused process can be killed; lifting both leaves it well', async () => {
    const paused = await injectRaw(kind('pause'), { pause: 'consumer-1' }, bed.context);
    const killed = await injectRaw(kind('kill'), { kill: 'consumer-1' }, bed.context);
    expect(await killed.prove(signal)).toMatchObject({ tookHold: true });
    await paused.lift(signal);
    await killed.lift(signal);
    await expectWell('consumer-1');
  });

  test.each(['pause', 'stall'])(
    'after %s a process is neither restarted nor stopped: it cannot stop in order',
    async (held) => {
      const fault = await injectRaw(kind(held), { [held]: 'consumer-1' }, bed.context);
      for (const name of ['restart', 'stop']) {
        await expect(injectRaw(kind(name), { [name]: 'consumer-1' }, bed.context)).rejects.toMatchObject({
          code: 'not-running',
          message: `consumer-1 is ${held === 'pause' ? 'paused' : 'stalled'}, so it cannot be stopped in order: kill it`,
        });
      }
      await fault.lift(signal);
      await expectWell('consumer-1');
    },
  );

  test('servers of an external environment and unknown processes are refused', async () => {
    const nodes = bed.environment.nodes.map((node) => ({ ...node, process: undefined }));
    const environment = { ...bed.environment, kind: 'external' as const, nodes };
    const context = { ...bed.context, environment };
    for (const [target, code] of [
      ['redis-1', 'not-ours'],
      ['redis-7', 'no-such-target'],
      ['producer-1', 'no-such-target'],
    ]) {
      await expect(injectRaw(kind('kill'), { kill: target }, context)).rejects.toMatchObject({ code, exitCode: 2 });
    }
    await expect(injectRaw(kind('stall'), { stall: 'producer-1' }, context)).rejects.toMatchObject({
      code: 'no-such-target',
      message: 'There is no worker producer-1; there are consumer-1',
    });
  });

  test('what the environment cannot do is refused before the load', async () => {
    const nodes = bed.environment.nodes.map((node) => ({ ...node, process: undefined }));
    const external: Environment = { ...bed.environment, kind: 'external', nodes };
    const killServer = spec('kill', { kill: 'redis-1' });
    await checkTargets([killServer, spec('down', { down: 'redis-1.clients' })], bed.environment);
    await checkTargets([spec('kill', { kill: 'consumer-1' }), spec('down', { down: 'redis-1.clients' })], external);
    await expect(checkTargets([killServer], external)).rejects.toMatchObject({ code: 'not-ours' });
    await expect(checkTargets([spec('down', { down: 'redis-1.peers' })], external)).rejects.toMatchObject({
      code: 'no-such-target',
    });
  });
});

function spec(name: string, raw: object): FaultSpec {
  return { id: name, kind: name, at: { after: 'start', offsetMs: 0 }, params: kind(name).params.parse(raw) };
}
