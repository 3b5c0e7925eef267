import { describe, expect, it } from 'vitest';
import { HangingWatch } from '../../../../broker/recovery/hanging-watch.js';
import { heldTenure, logDelivery } from '../../../fixtures/tenure-bed.js';

describe('handlers that do not return', () => {
  it('are found once each, and again in another attempt; others never', () => {
    const { tenure } = heldTenure();
    const [slow, quick] = [logDelivery(tenure, 1), logDelivery(tenure, 2)];
    quick.startedAtMs = 950;
    const watch = new HangingWatch(1_000);
    expect(watch.look([slow, quick], 999)).toEqual([]);
    expect(watch.look([slow, quick], 1_000)).toEqual([slow]);
    expect(watch.look([slow], 1_500)).toEqual([]);
    expect(watch.look([], 1_600)).toEqual([]);
    slow.startedAtMs = 1_700;
    expect(watch.look([slow], 2_699)).toEqual([]);
    expect(watch.look([slow], 2_700)).toEqual([slow]);
  });

  it('are not looked for without the option', () => {
    const { tenure } = heldTenure();
    expect(new HangingWatch(Number.POSITIVE_INFINITY).look([logDelivery(tenure, 1)], 1e12)).toEqual([]);
  });
});
