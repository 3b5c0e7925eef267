import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { NS_PER_MS } from '../../../../harness/clock.js';
import { waitFor } from '../../../../harness/environment/wait-for.js';
import { ping } from '../../../../harness/faults/probe.js';
import { processState } from '../../../../harness/faults/process-target.js';
import { findFaultKind } from '../../../../harness/faults/registry.js';
import { checkTargets } from '../../../../harness/faults/targets.js';
import { runTimeline, type Timeline, type TimelineOptions } from '../../../../harness/faults/timeline.js';
import type { FaultRecord } from '../../../../harness/ledger/history.js';
import type { FaultSpec } from '../../../../harness/scenario/scenario.js';
import { type FaultBed, openFaultBed, withoutEffect } from '../../../fixtures/fault-bed.js';

const { signal } = new AbortController();
const LOAD_MS = 2500;

const spec = (id: string, offsetMs: number, raw: Readonly<Record<string, unknown>>, rest: Partial<FaultSpec> = {}) => {
  const kind = findFaultKind(Object.keys(raw)[0] ?? '');
  if (kind === undefined) throw new Error(`no kind in ${JSON.stringify(raw)}`);
  const at = { after: 'start' as const, offsetMs };
  return { id, kind: kind.name, at, params: kind.params.parse(raw), ...rest };
};

describe('fault timeline on a real environment', () => {
  let bed: FaultBed;
  beforeAll(async () => {
    bed = await openFaultBed({ topology: 'replicated', replicas: 1 });
  });
  afterAll(async () => {
    await bed[Symbol.asyncDispose]();
  });

  const options = (faults: readonly FaultSpec[], context = bed.context): TimelineOptions => {
    const { clock } = bed.context;
    const plan = { phases: [], endNs: LOAD_MS * NS_PER_MS };
    return { faults, plan, startNs: clock.nowNs(), context, clock, onEvent: () => {} };
  };
  const whenRecords = async (timeline: Timeline, condition: (record: FaultRecord) => boolean) => {
    const all = () => (timeline.records().length > 0 && timeline.records().every(condition)) || undefined;
    expect(await waitFor(all, { clock: bed.context.clock, deadlineMs: 60_000 })).toBe(true);
  };
  const expectAllWell = async () => {
    for (const link of bed.environment.links) {
      expect(await bed.context.toxiproxy.listToxics(link.proxy)).toEqual([]);
      expect((await ping(link, 5000, bed.context.clock, signal)).outcome).toBe('replied');
    }
    for (const process of [bed.worker, ...bed.environment.nodes.map((node) => node.process!)]) {
      expect(processState(process.pid!)).toMatch(/[RSD]/);
    }
  };

  test('faults of every family beside one another take hold and are all undone', async () => {
    const faults = [
      spec(
        'slow',
        0,
        { latency: '20ms', link: 'redis-replica.clients' },
        { forMs: 500, repeat: { everyMs: 1000, times: 2 } },
      ),
      spec('cut', 100, { down: 'redis-replica.peers' }, { forMs: 500 }),
      spec('dies', 200, { kill: 'consumer-1', restart: '500ms' }),
      spec('freeze', 300, { pause: 'redis-master' }, { forMs: 600 }),
      // Behind slow#2, whose proof needs the replica.
      spec('again', 0, { kill: 'redis-replica' }, { at: { after: 'lifted', fault: 'freeze', offsetMs: 1000 } }),
    ];
    await using timeline = runTimeline(options(faults), signal);
    await bed.context.clock.sleep(LOAD_MS, signal);
    await timeline.liftAll();
    expect(timeline.problems()).toEqual([]);
    for (const record of timeline.records()) {
      expect(record).toMatchObject({ tookHold: true, injectedNs: expect.any(Number), liftedNs: expect.any(Number) });
    }
    expect(timeline.records().map(({ id }) => id)).toEqual(['slow', 'cut', 'dies', 'freeze', 'slow#2', 'again']);
    await expectAllWell();
  });

  test('a role is known while its node cannot say so', async () => {
    const faults = [
      spec('freeze', 100, { pause: 'redis-master' }),
      spec('cut', 400, { down: 'redis-master.clients' }),
      spec('dies', 700, { kill: 'redis-master' }),
    ];
    await checkTargets(faults, bed.environment);
    await using timeline = runTimeline(options(faults), signal);
    await whenRecords(timeline, ({ injectedNs }) => injectedNs !== undefined);
    await timeline.liftAll();
    expect(timeline.records().map(({ tookHold, affected }) => [tookHold, ...affected])).toEqual(
      faults.map(() => [true, 'redis-1']),
    );
    await expectAllWell();
  });

  test('an effect that another fault hides is proved when that one is lifted', async () => {
    const faults = [
      spec('freeze', 0, { pause: 'redis-1' }, { forMs: 800 }),
      spec(
        'slow',
        0,
        { latency: '40ms', link: 'redis-1.clients' },
        { at: { after: 'injected', fault: 'freeze', offsetMs: 100 } },
      ),
    ];
    await using timeline = runTimeline(options(faults), signal);
    await whenRecords(timeline, ({ tookHold }) => tookHold);
    await timeline.liftAll();
    expect(timeline.problems()).toEqual([]);
    await expectAllWell();
  });

  test('faults without effect are seen to have none', async () => {
    const context = { ...bed.context, toxiproxy: withoutEffect(bed.context.toxiproxy) };
    const faults = [spec('slow', 0, { latency: '50ms' }), spec('cut', 0, { down: 'redis-1.peers' }, { forMs: 100 })];
    await using timeline = runTimeline(options(faults, context), signal);
    await whenRecords(timeline, ({ observed }) => observed.startsWith('PING'));
    await timeline.liftAll();
    expect(timeline.records().map(({ tookHold }) => tookHold)).toEqual([false, false]);
    await expectAllWell();
  });

  test('an abort in the midst of it leaves nothing in place', async () => {
    const abort = new AbortController();
    const faults = [
      spec('cut', 0, { timeout: 0 }),
      spec('freeze', 0, { pause: 'redis-2' }),
      spec('dies', 0, { kill: 'consumer-1' }),
      spec('late', LOAD_MS - 1, { kill: 'redis-1' }),
    ];
    const timeline = runTimeline(options(faults), abort.signal);
    await whenRecords(timeline, ({ id, injectedNs }) => id === 'late' || injectedNs !== undefined);
    abort.abort(new Error('interrupted'));
    await timeline[Symbol.asyncDispose]();
    expect(timeline.problems()).toEqual([]);
    await expectAllWell();
  });
});
