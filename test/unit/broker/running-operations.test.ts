import { describe, expect, it } from 'vitest';
import { RunningOperations } from '../../../broker/running-operations.js';

describe('running operations', () => {
  it('are told of the end, and waited for, whether or not they succeed', async () => {
    const operations = new RunningOperations();
    const ended: string[] = [];
    const untilClosed = (closing: AbortSignal) =>
      new Promise<void>((resolve) => closing.addEventListener('abort', () => setImmediate(resolve)));
    const fine = operations.run(async (closing) => {
      await untilClosed(closing);
      return ended.push('fine');
    });
    const failing = operations.run(async (closing) => {
      await untilClosed(closing);
      ended.push('failing');
      throw new Error('late');
    });
    const failed = expect(failing).rejects.toThrow('late');
    await operations.close();
    expect(ended).toEqual(['fine', 'failing']);
    expect(await fine).toBe(1);
    await failed;
    await operations.close();
    await expect(operations.run(async () => 1)).rejects.toMatchObject({ code: 'closed' });
  });

  it('are left alone as long as nobody closes', async () => {
    const operations = new RunningOperations();
    expect(await operations.run(async (closing) => closing.aborted)).toBe(false);
  });
});
