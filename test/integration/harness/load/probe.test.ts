import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../../harness/clock.js';
import { identifyProcess } from '../../../../harness/environment/process-identity.js';
import { waitFor } from '../../../../harness/environment/wait-for.js';
import { Probe } from '../../../../harness/load/probe.js';
import type { ProbeSlice } from '../../../../harness/load/protocol.js';
import { temporaryFolders } from '../../../fixtures/temporary-folder.js';
import { openWorkerBed } from '../../../fixtures/worker-bed.js';

const folder = temporaryFolders();

async function until(what: () => boolean): Promise<void> {
  const seen = await waitFor(() => what() || undefined, { clock: systemClock, deadlineMs: 60_000 });
  if (!seen) throw new Error(`never so: ${what}`);
}

describe('Probe', () => {
  it('reports the time of the machine slice by slice, without gaps, and how long it stood still', async () => {
    await using bed = openWorkerBed(folder());
    const live: ProbeSlice[] = [];
    let pid = 0;
    {
      await using probe = new Probe(bed.context, (slice) => live.push(slice));
      pid = probe.pid!;
      await until(() => probe.slices.length >= 10);
      const fromNs = systemClock.nowNs();
      process.kill(pid, 'SIGSTOP');
      await until(() => systemClock.nowNs() - fromNs > 300e6);
      const untilNs = systemClock.nowNs();
      process.kill(pid, 'SIGCONT');
      const covers = (stall: { fromNs: number; untilNs: number }) =>
        stall.fromNs < fromNs + 100e6 && stall.untilNs > untilNs - 100e6;
      await until(() => probe.stalls.some(covers));
      expect(live).toEqual(probe.slices);
      expect(bed.pids).toEqual(new Set([pid]));
      probe.slices.slice(1).forEach((slice, i) => void expect(slice.fromNs).toBe(probe.slices[i]!.untilNs));
      for (const { stealShare, fromNs: from, untilNs: to, clockStepMs } of probe.slices) {
        expect(stealShare).toBeGreaterThanOrEqual(0);
        expect(stealShare).toBeLessThanOrEqual(1);
        expect(to - from).toBeGreaterThanOrEqual(100e6);
        expect(Math.abs(clockStepMs)).toBeLessThan(100);
      }
    }
    expect(identifyProcess(pid)).toBeUndefined();
    expect(bed.pids.size).toBe(0);
  });

  it('says when it ended before it was disposed of, and only then', async () => {
    await using bed = openWorkerBed(folder());
    const killed = new Probe(bed.context);
    const disposed = new Probe(bed.context);
    process.kill(killed.pid!, 'SIGKILL');
    await until(() => killed.endedEarly !== undefined);
    expect(killed.endedEarly).toMatch(/ended during the run \(SIGKILL\): see probe\.log/);
    expect(disposed.endedEarly).toBeUndefined();
    await killed[Symbol.asyncDispose]();
    await disposed[Symbol.asyncDispose]();
    expect(disposed.endedEarly).toBeUndefined();
  });
});
