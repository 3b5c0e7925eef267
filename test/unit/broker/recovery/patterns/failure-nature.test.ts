import { describe, expect, it } from 'vitest';
import { natureOf, type Persistence } from '../../../../../broker/recovery/patterns/failure-nature.js';
import type { PlaceFinding } from '../../../../../broker/recovery/patterns/failure-pattern.js';

const seen = (different: Partial<Persistence>): Persistence => {
  const { retries = 40, failedAgain = retries } = different;
  const compared = { compared: retries, comparedAgain: failedAgain };
  return { retries, failedAgain, ...compared, othersFailing: 0.01, handled: 500, failingShare: 0.02, ...different };
};
const place = (kind: PlaceFinding['kind'], failingShare = 1): PlaceFinding => {
  return { kind, value: 'x', failuresThere: 1, passedThere: 0.1, failingShare, confidence: 0.999 };
};

describe('the nature of failures', () => {
  it('is poison where a message fails again and others pass meanwhile', () => {
    expect(natureOf(seen({}), undefined)).toMatchObject({ nature: 'poison' });
    expect(natureOf(seen({}), undefined).confidence).toBeGreaterThan(0.99);
  });

  it('is systemic where others fail as well', () => {
    expect(natureOf(seen({ othersFailing: 0.9, failingShare: 0.9 }), undefined).nature).toBe('systemic');
  });

  it('is transient where few fail, and another attempt helps', () => {
    expect(natureOf(seen({ failedAgain: 1 }), undefined).nature).toBe('transient');
  });

  it('is systemic where everything of a member, a partition or a kind fails; a key is data', () => {
    for (const kind of ['one-consumer', 'one-partition', 'one-kind'] as const) {
      expect(natureOf(seen({}), place(kind)).nature).toBe('systemic');
      expect(natureOf(seen({}), place(kind, 0.05)).nature).toBe('poison');
    }
    expect(natureOf(seen({}), place('one-key')).nature).toBe('poison');
    expect(natureOf(seen({ failedAgain: 1 }), place('one-key')).nature).toBe('transient');
  });

  it('is unclear where too little was seen, or it is between', () => {
    expect(natureOf(seen({ retries: 0, failedAgain: 0 }), undefined)).toEqual({ nature: 'unclear', confidence: 0 });
    expect(natureOf(seen({ retries: 3, failedAgain: 3 }), undefined).nature).toBe('unclear');
    expect(natureOf(seen({ failedAgain: 24 }), undefined).nature).toBe('unclear');
    // Nothing else was handled while it failed again.
    expect(natureOf(seen({ compared: 0, comparedAgain: 0 }), undefined).nature).toBe('unclear');
    expect(natureOf(seen({ retries: 0, failedAgain: 0, handled: 3, failingShare: 0.4 }), undefined).nature).toBe(
      'unclear',
    );
  });
});
