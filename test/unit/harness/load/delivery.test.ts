import { describe, expect, it } from 'vitest';
import { NO_ORDINAL } from '../../../../harness/ledger/record.js';
import { verifyContent, verifyDelivery } from '../../../../harness/load/delivery.js';
import { messageId, PayloadBuilder } from '../../../../harness/load/payload.js';
import { keyName, planLoad } from '../../../../harness/load/plan.js';
import { loadScenario, NONCE } from '../../../fixtures/load-scenario.js';

const plan = planLoad(loadScenario({ message: { poison: { undecodable: 0.1, failing: 0.1 } } }));
const otherNonce = 'fedcba9876543210';

const builders: Record<string, PayloadBuilder> = {
  [NONCE]: new PayloadBuilder(NONCE, 256),
  [otherNonce]: new PayloadBuilder(otherNonce, 256),
};

function message(ordinal: number, nonce = NONCE, key = plan.key[ordinal]!, poison = plan.poison[ordinal]!) {
  const builder = builders[nonce]!;
  const payload = builder.write(builder.allocate(1), 0, ordinal, key, poison);
  return { id: messageId(nonce, ordinal), key: keyName(key), payload };
}

describe('verifyDelivery', () => {
  it('accepts every message as it was sent, poison too', () => {
    for (let ordinal = 0; ordinal < plan.count; ordinal++) {
      expect(verifyDelivery(plan, NONCE, message(ordinal))).toEqual({ ordinal, problem: undefined });
    }
  });

  it('names what is wrong', () => {
    const check = (changed: object, base = message(5)) => verifyDelivery(plan, NONCE, { ...base, ...changed });
    expect(check({ id: messageId(NONCE, 6) })).toEqual({ ordinal: 5, problem: 'id-mismatch' });
    expect(check({ payload: message(6).payload })).toEqual({ ordinal: 6, problem: 'id-mismatch' });
    expect(check({ key: 'k1000' })).toEqual({ ordinal: 5, problem: 'key-mismatch' });
    expect(check({ key: undefined })).toEqual({ ordinal: 5, problem: 'key-mismatch' });
    expect(check({}, message(plan.count, NONCE, 1, 0))).toEqual({ ordinal: NO_ORDINAL, problem: 'unknown-ordinal' });
    expect(check({}, message(5, otherNonce))).toEqual({ ordinal: NO_ORDINAL, problem: 'foreign-nonce' });
    expect(check({ payload: Buffer.from('invented') })).toEqual({ ordinal: 5, problem: 'corrupt-payload' });
    expect(check({ id: 'invented', payload: Buffer.alloc(256) })).toEqual({
      ordinal: NO_ORDINAL,
      problem: 'corrupt-payload',
    });
    expect(check({ payload: 'text' as unknown as Buffer })).toEqual({ ordinal: 5, problem: 'corrupt-payload' });
  });

  it('compares key and poison of the payload with the plan', () => {
    const key = (plan.key[5]! + 1) % 100;
    expect(verifyDelivery(plan, NONCE, message(5, NONCE, key))).toEqual({ ordinal: 5, problem: 'corrupt-payload' });
    const poison = (plan.poison[5]! + 1) % 3;
    const forged = message(5, NONCE, plan.key[5]!, poison);
    expect(verifyDelivery(plan, NONCE, forged)).toEqual({ ordinal: 5, problem: 'corrupt-payload' });
  });
});

describe('verifyContent', () => {
  it('asks for no key', () => {
    const { id, payload } = message(5);
    expect(verifyContent(plan, NONCE, { id, payload })).toEqual({ ordinal: 5, problem: undefined });
  });
});
