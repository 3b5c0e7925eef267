import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RedisNode } from '../../../../harness/environment/environment.js';
import { resolveNode } from '../../../../harness/environment/resolve-node.js';
import { waitFor } from '../../../../harness/environment/wait-for.js';
import type { FaultContext, FaultKind } from '../../../../harness/faults/fault.js';
import { roleOf } from '../../../../harness/faults/node-commands.js';
import { ping } from '../../../../harness/faults/probe.js';
import { processState } from '../../../../harness/faults/process-target.js';
import { findFaultKind } from '../../../../harness/faults/registry.js';
import { isWhole } from '../../../../harness/faults/take-over.js';
import { type FaultBed, hurried, injectRaw, openFaultBed, withDeafNodes } from '../../../fixtures/fault-bed.js';
import { withIndifferentNodes } from '../../../fixtures/indifferent-node.js';

const { signal } = new AbortController();
const kind = (name: string) => findFaultKind(name) as FaultKind;

describe('faults on a topology with Sentinels', () => {
  let bed: FaultBed;
  beforeAll(async () => {
    bed = await openFaultBed({
      topology: 'sentinel',
      replicas: 2,
      sentinel: { count: 3, downAfterMs: 1000, failoverTimeoutMs: 5000 },
      ownLinks: ['producer-1'],
    });
  });
  afterAll(async () => {
    await bed[Symbol.asyncDispose]();
  });

  const master = () => resolveNode(bed.environment, 'redis-master');
  const servers = () => [...bed.environment.nodes, ...bed.environment.sentinels];
  const eventually = async (condition: () => Promise<boolean>) => {
    const met = async () => (await condition()) || undefined;
    expect(await waitFor(met, { clock: bed.context.clock, deadlineMs: 90_000 })).toBe(true);
  };
  const untilMovedFrom = (former: RedisNode) =>
    eventually(async () => {
      const found = await master();
      return found.name !== former.name && (await roleOf(found)) === 'master';
    });
  const expectWell = async () => {
    await eventually(() => isWhole(bed.environment));
    for (const link of bed.environment.links) {
      expect(await bed.context.toxiproxy.listToxics(link.proxy)).toEqual([]);
      expect((await ping(link, 5000, bed.context.clock, signal)).outcome).toBe('replied');
    }
    for (const { process } of servers()) expect(processState(process!.pid!)).toMatch(/[RSD]/);
  };

  test('a failover makes another node master', async () => {
    const former = await master();
    const fault = await injectRaw(kind('failover'), { failover: 'redis-master' }, bed.context);
    expect(await fault.prove(signal)).toEqual({
      tookHold: true,
      observed: expect.stringMatching(`is master instead of ${former.name}`),
    });
    await fault.lift(signal);
    await fault.lift(signal);
    expect((await master()).name).not.toBe(former.name);
    await expectWell();
  });

  test('a failover right after another one is ordered when Sentinel is ready for it', async () => {
    for (let i = 0; i < 2; i++) {
      const fault = await injectRaw(kind('failover'), { failover: 'redis-master' }, bed.context);
      expect(await fault.prove(signal)).toMatchObject({ tookHold: true });
    }
    await expectWell();
  });

  test('a failover that Sentinel says yes to and does not carry out has not taken hold', async () => {
    await using environment = await withIndifferentNodes(bed.environment, ['SENTINEL FAILOVER']);
    const context: FaultContext = { ...bed.context, environment, clock: hurried(bed.context.clock) };
    const fault = await injectRaw(kind('failover'), { failover: 'redis-master' }, context);
    expect(await fault.prove(signal)).toMatchObject({ tookHold: false });
    await fault.lift(signal);
    await expectWell();
  });

  test('a mode is for a cluster', async () => {
    const injection = injectRaw(kind('failover'), { failover: 'redis-master', mode: 'force' }, bed.context);
    await expect(injection).rejects.toMatchObject({ code: 'no-such-target' });
  });

  test.each(['kill', 'pause', 'restart'])('%s of a Sentinel takes hold, and is undone', async (name) => {
    const fault = await injectRaw(kind(name), { [name]: 'sentinel-2' }, bed.context);
    expect(fault.affected).toEqual(['sentinel-2']);
    expect(await fault.prove(signal)).toMatchObject({ tookHold: true });
    await fault.lift(signal);
    await expectWell();
  });

  test.each([
    ['down', { down: 'sentinel-1.clients' }],
    ['timeout', { timeout: 0, link: 'sentinel-2.peers' }],
    ['latency', { latency: '60ms', link: 'redis-master.producer-1' }],
  ])('%s %o takes hold, and is undone', async (name, params) => {
    const fault = await injectRaw(kind(name), params, bed.context);
    expect(await fault.prove(signal)).toMatchObject({ tookHold: true });
    await fault.lift(signal);
    await expectWell();
  });

  test.each(['kill', 'pause'])('%s of the master moves it, and the old one comes back as a replica', async (name) => {
    const former = await master();
    const fault = await injectRaw(kind(name), { [name]: 'redis-master' }, bed.context);
    expect(await fault.prove(signal)).toMatchObject({ tookHold: true });
    await untilMovedFrom(former);
    await fault.lift(signal);
    await expectWell();
    expect(await roleOf(former)).toBe('slave');
  });

  test.each([true, false])('a partition of the master (silent: %s) moves it and is undone', async (silent) => {
    const former = await master();
    const fault = await injectRaw(
      kind('partition'),
      { partition: ['redis-master', 'sentinel-1', 'producer-1'], clients: true, silent },
      bed.context,
    );
    const links = fault.description.split(': ')[1]!.split(' ');
    expect(links.filter((one) => one.includes('producer-1'))).toHaveLength(4);
    expect(fault.description).not.toContain(`${former.name}.producer-1`);
    expect(fault.description).not.toContain('sentinel-1.producer-1');
    expect(await fault.prove(signal)).toMatchObject({ tookHold: true });
    await untilMovedFrom(former);
    expect(await roleOf(former)).toBe('master');
    await fault.lift(signal);
    await expectWell();
  });

  test('sentinels and nodes are restarted in turn, and all are back in sync', async () => {
    for (const [group, by] of [
      ['sentinel', 'kill'],
      ['redis', 'stop'],
    ]) {
      const pids = servers().map(({ process }) => process!.pid);
      const fault = await injectRaw(kind('rollingRestart'), { rollingRestart: group, by }, bed.context);
      expect(await fault.prove(signal)).toMatchObject({ tookHold: true });
      await fault.lift(signal);
      expect(fault.affected).toHaveLength(3);
      const changed = servers().filter(({ process }, index) => process!.pid !== pids[index]);
      expect(changed.map(({ name }) => name)).toEqual(fault.affected);
      await expectWell();
    }
  });

  test('a rolling restart of processes that do not listen has not taken hold', async () => {
    const context: FaultContext = {
      ...bed.context,
      environment: withDeafNodes(bed.environment),
      clock: hurried(bed.context.clock),
    };
    const fault = await injectRaw(kind('rollingRestart'), { rollingRestart: 'sentinel' }, context);
    expect(await fault.prove(signal)).toMatchObject({ tookHold: false });
    await expectWell();
  });

  test('a demotion is undone while Sentinels still name the node', async () => {
    const former = await master();
    const fault = await injectRaw(kind('demote'), { demote: 'redis-master' }, bed.context);
    expect(await fault.prove(signal)).toMatchObject({ tookHold: true });
    await fault.lift(signal);
    await expectWell();
    expect((await master()).name).toBe(former.name);
  });
});
