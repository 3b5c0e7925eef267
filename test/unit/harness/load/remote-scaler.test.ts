import { describe, expect, it } from 'vitest';
import type { FromWorker, ToWorker } from '../../../../harness/load/protocol.js';
import { RemoteScaler } from '../../../../harness/load/remote-scaler.js';

function bed() {
  const sent: FromWorker[] = [];
  const listeners: ((message: ToWorker) => void)[] = [];
  const stop = new AbortController();
  const channel = {
    send: (message: FromWorker) => void sent.push(message),
    onMessage: (listener: (message: ToWorker) => void) => void listeners.push(listener),
  };
  const scaler = new RemoteScaler(channel, stop.signal);
  const answer = (request: number, problem?: string) =>
    listeners.forEach((listener) => {
      listener({ type: 'scaled', request, ...(problem !== undefined && { problem }) });
    });
  return { sent, stop, scaler, answer };
}

describe('the scaler in the autoscaler process', () => {
  it('asks, and waits for the answer to that', async () => {
    const { sent, scaler, answer } = bed();
    const settled: string[] = [];
    const first = scaler.scaleTo(2, 'more comes in').then(() => settled.push('first'));
    const second = scaler.scaleTo(3, 'still more').then(() => settled.push('second'));
    expect(sent).toEqual([
      { type: 'scale', request: 1, members: 2, reason: 'more comes in' },
      { type: 'scale', request: 2, members: 3, reason: 'still more' },
    ]);
    answer(2);
    await second;
    answer(1);
    await first;
    expect(settled).toEqual(['second', 'first']);
  });

  it('rejects with what the orchestrator says', async () => {
    const { scaler, answer } = bed();
    const asked = scaler.scaleTo(9, 'much');
    answer(1, 'consumers 9: a whole number from 1 to 4');
    await expect(asked).rejects.toThrow('consumers 9: a whole number from 1 to 4');
  });

  it('waits for nothing once the load is over', async () => {
    const { sent, stop, scaler, answer } = bed();
    const asked = scaler.scaleTo(2, 'more');
    stop.abort();
    await asked;
    await scaler.scaleTo(1, 'fewer');
    answer(1);
    expect(sent).toHaveLength(1);
  });

  it('tells what it sees', () => {
    const { sent, scaler } = bed();
    const look = { needed: 1.5, ratePerSec: 200, backlog: 3, serviceMs: 40 };
    scaler.tell({ ...look, more: 'of its own' } as never);
    expect(sent).toEqual([{ type: 'look', look }]);
  });

  it.each([Number.NaN, 1.5, '3' as never, undefined as never])(
    'passes on nothing that is no number: %s',
    async (value) => {
      const { sent, scaler } = bed();
      await expect(scaler.scaleTo(value, 'so it is')).rejects.toThrow(`scaleTo(${value}): a whole number of consumers`);
      scaler.tell({ needed: 1, ratePerSec: 2, backlog: 3, serviceMs: Number.NaN });
      expect(sent).toEqual([]);
    },
  );
});
