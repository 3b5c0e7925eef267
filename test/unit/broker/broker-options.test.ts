import { afterEach, describe, expect, it, vi } from 'vitest';
import { resolveBrokerOptions } from '../../../broker/broker-options.js';

describe('options out of bounds', () => {
  it.each([
    ['maxFrameMessages', 4_097],
    ['maxFrameMessages', 0],
    ['replyTimeoutMs', 2 ** 31],
    ['connectTimeoutMs', Number.POSITIVE_INFINITY],
    ['publishTimeoutMs', Number.NaN],
    ['dedupeWindowMs', Number.POSITIVE_INFINITY],
  ])('%s %d is refused', (name, value) => {
    const resolve = () => resolveBrokerOptions({ redis: { host: 'localhost', port: 1 }, [name]: value });
    expect(resolve).toThrow(expect.objectContaining({ code: 'bad-option', message: expect.stringContaining(name) }));
  });
});

describe('a listener of broker events', () => {
  afterEach(() => vi.restoreAllMocks());

  it('harms nothing when it throws: its error becomes a warning', () => {
    const warnings = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const { onEvent } = resolveBrokerOptions({
      redis: { host: 'localhost', port: 1 },
      onEvent: () => {
        throw new Error('broken listener');
      },
    });
    expect(() => onEvent({ kind: 'disconnected', link: 'a', reason: 'b' })).not.toThrow();
    expect(warnings).toHaveBeenCalledWith(
      expect.stringMatching(/onEvent failed on 'disconnected': Error: broken/),
      'BrokerWarning',
    );
  });

  it('is not needed to hear of a loss: each becomes a warning, and nothing else does', () => {
    const warnings = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const { onEvent } = resolveBrokerOptions({ redis: { host: 'localhost', port: 1 } });
    onEvent({ kind: 'disconnected', link: 'a', reason: 'b' });
    expect(warnings).not.toHaveBeenCalled();
    for (const lastSequence of [9, 12]) {
      onEvent({ kind: 'acknowledged-loss', topic: 't', partition: 3, firstSequence: 7, lastSequence });
    }
    expect(warnings.mock.calls).toEqual([
      [expect.stringMatching(/topic 't', partition 3: .* messages 7 to 9 /), 'BrokerWarning'],
      [expect.stringMatching(/topic 't', partition 3: .* messages 7 to 12 /), 'BrokerWarning'],
    ]);
  });

  it('hears every event', () => {
    const kinds: string[] = [];
    const { onEvent } = resolveBrokerOptions({
      redis: { host: 'localhost', port: 1 },
      onEvent: ({ kind }) => kinds.push(kind),
    });
    onEvent({ kind: 'connected', link: 'a', history: 'h' });
    expect(kinds).toEqual(['connected']);
  });
});
