import { expect, it } from 'vitest';
import { failures, runFixture } from '../fixtures/run-scenario.js';
import { temporaryFolders } from '../fixtures/temporary-folder.js';

const TOLERANCE = 0.02;
const QUANTILES = [0.8, 0.85, 0.9, 0.95, 0.99, 0.999];

const folder = temporaryFolders();

/**
 * A system that is frozen for S of T seconds under a constant rate makes the messages wait that were due then: the first
 * for S, the last not at all. So for every q > 1 - S/T the q-quantile of the latency is S - (1 - q) T. Whoever measures
 * from the moment of sending, or leaves out what could not be sent, sees almost nothing of it.
 *
 * What a busy machine adds on top (servers and workers wait for their turn after the thaw) is no error of the instrument:
 * the run is repeated then. An error of the instrument would show every time.
 */
it('a freeze of S in T seconds shows as S - (1 - q) T at every q', { retry: 2 }, async () => {
  const { results } = await runFixture('stall', [], folder());
  expect(failures(results)).toEqual({});

  const [freeze] = results.faults;
  const frozenMs = freeze!.liftedMs! - freeze!.injectedMs!;
  expect(freeze!.tookHold).toBe(true);
  expect(frozenMs).toBeGreaterThan(2000);

  const frozen = results.phases.find(({ name }) => name === 'frozen')!;
  const wholeMs = frozen.endMs - frozen.startMs;
  const slackMs = TOLERANCE * frozenMs;
  for (const q of QUANTILES) {
    const observed = results.gates.find(({ metric }) => metric === `latency.p${round(100 * q)}`)!.observed!;
    const expected = frozenMs - (1 - q) * wholeMs;
    expect(Math.abs(observed - expected), `q ${q}: ${observed} ms, expected ${expected} ms`).toBeLessThan(slackMs);
  }
});

function round(percent: number): number {
  return Number(percent.toFixed(3));
}
