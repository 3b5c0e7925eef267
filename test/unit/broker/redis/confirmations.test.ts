import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DURABILITIES, REPLICA_LOSS_POLICIES } from '../../../../broker/log/message.js';
import { confirmations } from '../../../../broker/redis/confirmations.js';

describe('how many replicas have to confirm', () => {
  it.each([
    // durability, policy, configured, down, publish, lease
    ['leader', 'block', 2, 0, 0, 2],
    ['replicated', 'survivors', 2, 0, 2, 2],
    ['replicated', 'survivors', 2, 1, 1, 1],
    ['replicated', 'survivors', 2, 2, 1, 0],
    ['replicated', 'survivors', 0, 0, 1, 0],
    ['replicated', 'block', 2, 1, 2, 1],
    ['replicated', 'degrade', 2, 1, 1, 1],
    ['replicated', 'degrade', 1, 1, 0, 0],
    ['fsync', 'survivors', 0, 0, 0, 0],
    ['fsync', 'survivors', 1, 1, 1, 0],
    ['fsync', 'block', 3, 3, 3, 0],
  ] as const)(
    '%s, %s, %i configured, %i down: publish %i, lease %i',
    (durability, policy, configured, down, publish, lease) => {
      expect(confirmations(durability, policy, { configured, down }, 'publish')).toBe(publish);
      expect(confirmations(durability, policy, { configured, down }, 'lease')).toBe(lease);
    },
  );

  it('only `degrade` and `leader` ever take a copied message for safe on one node', () => {
    const counts = fc.tuple(fc.nat(5), fc.nat(5)).map(([configured, down]) => ({ configured, down }));
    fc.assert(
      fc.property(
        counts,
        fc.constantFrom(...DURABILITIES),
        fc.constantFrom(...REPLICA_LOSS_POLICIES),
        (census, mode, policy) => {
          const n = confirmations(mode, policy, census, 'publish');
          if (n === 0) expect(mode === 'leader' || policy === 'degrade' || census.configured === 0).toBe(true);
          expect(n).toBeLessThanOrEqual(Math.max(1, census.configured));
        },
      ),
    );
  });
});
