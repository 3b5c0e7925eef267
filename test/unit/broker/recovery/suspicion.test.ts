import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Delivery } from '../../../../broker/groups/delivery.js';
import { type Kill, type Lapse, Suspicion, WINDOW } from '../../../../broker/recovery/suspicion.js';
import { heldTenure, logDelivery, rowDelivery } from '../../../fixtures/tenure-bed.js';

const KILL: Kill = { consumer: 'dead', atMs: 1 };

function bed(lapse: Lapse | undefined, kills: Record<string, readonly Kill[]> = {}) {
  const { tenure } = heldTenure();
  const suspicion = new Suspicion(lapse, new Map(Object.entries(kills)));
  const read = (from: number, through: number) => {
    const deliveries: Delivery[] = [];
    for (let i = from; i <= through; i++) deliveries.push(logDelivery(tenure, i));
    return deliveries;
  };
  const passages = (deliveries: readonly Delivery[]) => deliveries.map((delivery) => suspicion.passage(delivery));
  return { tenure, suspicion, read, passages };
}

const idsOf = (deliveries: readonly Delivery[]) => deliveries.map(({ entryId }) => entryId);

describe('after an owner fell silent', () => {
  it('what it had begun is tried alone, what came after the takeover is not held up', () => {
    const { suspicion, read, passages } = bed({ hi: '2-0', last: '2-0' });
    expect(passages(read(1, 4))).toEqual(['try', 'try', 'pass', 'pass']);
    expect(suspicion.wantsRenewal).toBe(false);
  });

  it('the rest passes once a renewal has named it, in windows', () => {
    const { suspicion, read, passages } = bed({ hi: '', last: '200-0' });
    const deliveries = read(1, 201);
    expect(new Set(passages(deliveries))).toEqual(new Set(['hold']));
    expect([suspicion.wantsRenewal, suspicion.hi]).toEqual([true, `1-0`]);
    expect(idsOf(suspicion.renewed('1-0'))).toEqual(['1-0']);
    expect(suspicion.hi).toBe(`${WINDOW + 1}-0`);
    // What is not confirmed names nothing.
    expect(suspicion.renewed('1-0')).toEqual([]);
    expect(suspicion.renewed(suspicion.hi)).toHaveLength(WINDOW);
    // Too much of it is left for the next one.
    expect(suspicion.wantsRenewal).toBe(false);
    for (const delivery of deliveries.slice(0, WINDOW)) suspicion.returned(delivery);
    expect([suspicion.wantsRenewal, suspicion.hi]).toEqual([true, `${2 * WINDOW + 1}-0`]);
  });

  it('what came after the takeover waits behind windows, and not longer', () => {
    const { suspicion, read, passages } = bed({ hi: '', last: '2-0' });
    expect(passages(read(1, 4))).toEqual(['hold', 'hold', 'hold', 'hold']);
    expect(idsOf(suspicion.renewed('2-0'))).toEqual(['1-0', '2-0', '3-0', '4-0']);
    expect(passages(read(5, 5))).toEqual(['pass']);
  });

  it('its retries that were due are suspects, those that were not are none', () => {
    const { tenure, suspicion } = bed({ hi: '', last: '' });
    const [due, later] = [rowDelivery(tenure, 1), rowDelivery(tenure, 2)];
    suspicion.takeRow(due, true);
    suspicion.takeRow(later, false);
    expect([suspicion.passage(due), suspicion.passage(later)]).toEqual(['try', 'pass']);
    expect(suspicion.isOver('9-0')).toBe(false);
    suspicion.returned(due);
    expect(suspicion.passage(due)).toBe('pass');
    expect(suspicion.isOver('9-0')).toBe(true);
  });

  it('is over when all that it may have had in its hands is settled', () => {
    const { suspicion, read, passages } = bed({ hi: '2-0', last: '3-0' });
    passages(read(1, 3));
    expect(suspicion.isOver('2-0')).toBe(false);
    suspicion.renewed('3-0');
    expect([suspicion.isOver('2-0'), suspicion.isOver('3-0')]).toEqual([false, true]);
  });
});

describe('a message with kills', () => {
  it('is a suspect however the partition came here, until its handler has returned', () => {
    const { suspicion, read, passages, tenure } = bed(undefined, { '2-0:0': [KILL], '9-0:0': [KILL] });
    const [first, second] = read(1, 2) as [Delivery, Delivery];
    expect(passages([first, second])).toEqual(['pass', 'try']);
    expect(suspicion.killsOf(second)).toEqual([KILL]);
    suspicion.returned(second);
    expect([suspicion.passage(second), suspicion.killsOf(second)]).toEqual(['pass', []]);
    const row = rowDelivery(tenure, 9);
    suspicion.takeRow(row, false);
    expect(suspicion.passage(row)).toBe('try');
  });
});

describe('whatever is read, named and handled in whatever order', () => {
  it('nothing is begun that was not named or tried, nothing waits for ever, each is let through once', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 150 }),
        fc.integer({ min: 0, max: 150 }),
        fc.array(fc.nat(3), { maxLength: 60 }),
        (hi, more, steps) => {
          const lapse = { hi: `${hi}-0`, last: `${hi + more}-0` };
          const { suspicion, read } = bed(lapse);
          const running: Delivery[] = [];
          const begun = new Set<Delivery>();
          let named = '';
          const begin = (delivery: Delivery) => {
            expect(begun.has(delivery)).toBe(false);
            begun.add(delivery);
            running.push(delivery);
          };
          let count = 0;
          const readMore = (howMany: number) => {
            for (const delivery of read(count + 1, count + howMany)) {
              const passage = suspicion.passage(delivery);
              if (passage !== 'hold') begin(delivery);
              const sequence = Number.parseInt(delivery.entryId, 10);
              if (sequence <= hi) expect(passage).toBe('try');
              else if (passage === 'pass' && sequence <= hi + more) {
                expect(sequence).toBeLessThanOrEqual(Number.parseInt(named, 10));
              }
            }
            count += howMany;
          };
          const renew = () => {
            named = suspicion.hi;
            for (const delivery of suspicion.renewed(named)) begin(delivery);
          };
          for (const step of steps) {
            if (step === 0) renew();
            else if (step === 1) readMore(40);
            else for (const delivery of running.splice(0, 20)) suspicion.returned(delivery);
          }
          for (let i = 0; begun.size < count && i < 1_000; i++) {
            renew();
            for (const delivery of running.splice(0)) suspicion.returned(delivery);
          }
          expect(begun.size).toBe(count);
        },
      ),
    );
  });
});
