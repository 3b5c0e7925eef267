import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../../broker/clock.js';
import { Settler } from '../../../../broker/groups/settler.js';
import { Tenure } from '../../../../broker/groups/tenure.js';
import { groupKeys } from '../../../../broker/log/keys.js';
import type { Link } from '../../../../broker/redis/link.js';
import type { OnReply, Reply } from '../../../../broker/redis/wire-command.js';

/** Settles one message; returns what the settler told about the log's reply. */
function settleWith(reply: Reply): { readonly told: readonly string[]; readonly tenure: Tenure } {
  const told: string[] = [];
  const acquired = { token: '1', low: '0-0', bitmaps: new Map(), retries: new Map() };
  const tenure = new Tenure(0, groupKeys('t', 0, 'g'), 'h', acquired, new Set());
  tenure.position.settle(tenure.position.track('1-0', 1, undefined), 0);
  const link = {
    isOpen: true,
    history: 'h',
    corked: (body: () => void) => body(),
    send: (_args: unknown, onReply: OnReply) => onReply(undefined, reply),
  };
  const settler = new Settler({
    link: link as unknown as Link,
    owner: 'me',
    clock: systemClock,
    random: () => 0,
    delayMs: 0,
    tenures: () => [tenure],
    onNotOwner: (_, token) => told.push(`not owner: ${token}`),
    onAnswered: () => told.push('answered'),
  });
  settler.flush();
  settler.stop();
  return { told, tenure };
}

describe('a settler', () => {
  it('tells when a settlement is recorded', () => {
    const { told, tenure } = settleWith([1, 0]);
    expect(told).toEqual(['answered']);
    expect(tenure.hasUnsettledWork).toBe(false);
  });

  it('tells that it is not the owner, and then that there is nothing to wait for', () => {
    const { told, tenure } = settleWith([0, Buffer.from('9')]);
    expect(told).toEqual(['not owner: 9', 'answered']);
    expect(tenure.hasUnsettledWork).toBe(true);
  });
});
