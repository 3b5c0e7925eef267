import { describe, expect, it } from 'vitest';
import type { BrokerEvent } from '../../../../broker/broker-event.js';
import type { Delivery } from '../../../../broker/groups/delivery.js';
import type { Acquired } from '../../../../broker/groups/lease-scripts.js';
import { PoisonMessageHandler } from '../../../../broker/recovery/poison-message-handler.js';
import { type PoisonOptions, resolvePoisonOptions } from '../../../../broker/recovery/poison-options.js';
import type { Kill, Lapse } from '../../../../broker/recovery/suspicion.js';
import { ManualClock } from '../../../fixtures/manual-clock.js';
import { heldTenure, logDelivery, rowDelivery } from '../../../fixtures/tenure-bed.js';

const KILL: Kill = { consumer: 'dead', atMs: 1 };
const turn = () => new Promise((resolve) => setImmediate(resolve));

function bed(options: PoisonOptions = {}) {
  const clock = new ManualClock();
  const did: unknown[][] = [];
  const events: BrokerEvent[] = [];
  const pending: Delivery[] = [];
  const note =
    (what: string) =>
    (delivery: Delivery, ...more: unknown[]) =>
      void did.push([what, delivery.id, ...more]);
  const { tenure, link } = heldTenure();
  let renewals = 0;
  const handler = new PoisonMessageHandler({
    topic: 't',
    group: 'g',
    owner: 'me',
    clock,
    options: resolvePoisonOptions(options),
    patienceMs: 10_000,
    trialLimitMs: 30_000,
    onEvent: (event) => events.push(event),
    recorder: {
      admit: note('admit'),
      admitRetry: note('admitRetry'),
      quarantine: (_tenure, entry, index, reason) => did.push(['quarantine', `${entry.id}:${index}`, reason]),
      quarantineRow: (_tenure, entryId) => did.push(['quarantineRow', entryId]),
      setAside: note('setAside'),
      setAsideRunning: note('setAsideRunning'),
    },
    dispatcher: {
      enqueue: note('enqueue'),
      enqueueFirst: note('enqueueFirst'),
      quiesce: async ({ id }) => void did.push(['quiesce', id]),
      startAlone: note('startAlone'),
      releaseAlone: note('releaseAlone'),
      pump: () => {},
      pending,
    },
    recent: () => ({ handlings: 100, failureRatio: 0 }),
    renewSoon: () => renewals++,
    onFenced: () => {},
  });
  const begin = (lapse: Lapse | undefined, kills: Record<string, readonly Kill[]> = {}) =>
    handler.begun(tenure, { lapse, kills: new Map(Object.entries(kills)) } as unknown as Acquired);
  return { clock, handler, tenure, link, did, events, pending, begin, renewals: () => renewals };
}

describe('a partition whose owner was well', () => {
  it('is handled as it comes', () => {
    const { handler, tenure, did, begin } = bed();
    begin(undefined);
    expect(tenure.suspicion).toBeUndefined();
    const delivery = logDelivery(tenure, 1);
    handler.entrySink.onMessage(delivery);
    handler.ready(delivery);
    handler.returned(delivery);
    expect(did).toEqual([
      ['admit', 'm1'],
      ['enqueue', 'm1'],
    ]);
  });

  it('is not suspected without the option either way', () => {
    const { tenure, begin } = bed({ maxKills: false });
    begin({ hi: '2-0', last: '2-0' }, { '1-0:0': [KILL, KILL] });
    expect(tenure.suspicion).toBeUndefined();
  });
});

describe('a partition whose owner fell silent', () => {
  it('has its suspects named and tried, the last time alone, and set aside after that', async () => {
    const { handler, tenure, link, did, begin } = bed();
    begin({ hi: '3-0', last: '3-0' }, { '2-0:0': [KILL], '3-0:0': [KILL, KILL] });
    const deliveries = [1, 2, 3].map((sequence) => logDelivery(tenure, sequence));
    for (const delivery of deliveries) handler.ready(delivery);
    expect(did).toEqual([['setAside', 'm3', 'killer', { kills: [KILL, KILL] }]]);
    link.answer([1]);
    await turn();
    expect(did.at(-1)).toEqual(['enqueueFirst', 'm1']);
    handler.returned(deliveries[0]!);
    await turn();
    // Nobody is named while the others come to rest.
    expect(link.outstanding[0]!.args.slice(-2)).toEqual(['', '1-0:0']);
    link.answer([1]);
    await turn();
    expect(did.at(-1)).toEqual(['quiesce', 'm2']);
    link.answer([1]);
    await turn();
    expect(did.at(-1)).toEqual(['startAlone', 'm2']);
  });

  it('has the rest begun when a renewal has named it, which is asked for at once; then it is like any other', () => {
    const { handler, tenure, did, begin, renewals } = bed();
    begin({ hi: '', last: '1-0' });
    const delivery = logDelivery(tenure, 1);
    handler.ready(delivery);
    expect([did, renewals()]).toEqual([[], 1]);
    expect(tenure.name()).toEqual({ hi: '1-0', isCleared: false });
    handler.renewed(tenure);
    expect(did).toEqual([['enqueue', 'm1']]);
    tenure.position.settle(delivery.entry!, 0);
    handler.returned(delivery);
    handler.renewed(tenure);
    expect([tenure.suspicion, tenure.name().isCleared]).toEqual([undefined, true]);
  });

  it('has its retries that were due tried, not those that were not', () => {
    const { handler, tenure, link, did, begin, clock } = bed();
    begin({ hi: '', last: '' });
    const [due, later] = [rowDelivery(tenure, 1), rowDelivery(tenure, 2)];
    handler.retrySink.onRetry(due, clock.wallMs());
    handler.retrySink.onRetry(later, clock.wallMs() + 1);
    for (const delivery of [due, later]) handler.ready(delivery);
    expect(did.slice(2)).toEqual([['enqueue', 'm2']]);
    expect(link.outstanding[0]!.args.slice(-2)).toEqual(['1-0:0', '']);
  });
});

describe('a message', () => {
  it('is set aside unhandled where it is too large, and nothing smaller is', () => {
    const { handler, tenure, did } = bed();
    const delivery = logDelivery(tenure, 1);
    const { size } = delivery.decoded;
    bed({ maxMessageBytes: size }).handler.entrySink.onMessage(delivery);
    handler.entrySink.onMessage(delivery);
    expect(did).toEqual([['admit', 'm1']]);
    const strict = bed({ maxMessageBytes: size - 1 });
    strict.handler.entrySink.onMessage(delivery);
    expect(strict.did).toEqual([['quarantine', '1-0:0', 'oversized']]);
  });

  it.each([
    ['warn', false],
    ['quarantine', true],
  ] as const)('whose handler hangs is told of once (%s)', (onHang, isSetAside) => {
    const { handler, tenure, did, events, pending, clock } = bed({ hangingMs: 1_000, onHang });
    pending.push(logDelivery(tenure, 1, 'm1', 'k'));
    handler.look();
    expect(events).toEqual([]);
    clock.advance(1_000);
    handler.look();
    handler.look();
    expect(events).toMatchObject([
      { kind: 'message-hanging', id: 'm1', key: 'k', attempt: 1, runningMs: 1_000, isSetAside },
    ]);
    expect(did).toEqual(isSetAside ? [['setAsideRunning', 'm1', 1_000]] : []);
  });
});
