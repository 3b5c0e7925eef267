import { describe, expect, it } from 'vitest';
import type { BrokerEvent } from '../../../../broker/broker-event.js';
import type { Delivery } from '../../../../broker/groups/delivery.js';
import { FailureWatch } from '../../../../broker/groups/failure-watch.js';
import type { MemberVitals } from '../../../../broker/groups/health/member-vitals.js';
import { describeFailure, withFailure } from '../../../../broker/recovery/retry-row.js';
import { healthOf, rosterOf, seat, vitals } from '../../../fixtures/health-bed.js';
import { ManualClock } from '../../../fixtures/manual-clock.js';
import { heldTenure, logDelivery } from '../../../fixtures/tenure-bed.js';

class Bed {
  readonly clock = new ManualClock();
  readonly events: BrokerEvent[] = [];
  peers: Readonly<Record<string, MemberVitals>> = {};
  readonly tenure = heldTenure().tenure;
  readonly watch = new FailureWatch({
    topic: 't',
    group: 'g',
    member: 'me',
    clock: this.clock,
    onEvent: (event) => this.events.push(event),
    health: () => ({
      members: Object.entries(this.peers).map(([member, told]) => ({ ...healthOf(member), vitals: told })),
      poison: [],
      ageMs: 0,
    }),
  });
  #count = 0;

  /** Handles so many messages in each of so many seconds, of which those with this remainder of 50 fail three times. */
  run(seconds: number, isBroken: (i: number) => boolean): void {
    for (let s = 0; s < seconds; s++) {
      for (let i = 0; i < 50; i++) {
        const delivery = logDelivery(this.tenure, ++this.#count, `m${this.#count}`, `k${i}`);
        for (let attempt = 1; attempt <= 3 && isBroken(i); attempt++) this.fail(delivery);
        if (!isBroken(i)) this.watch.onHandled(delivery);
      }
      this.clock.advance(1_000);
      this.watch.look();
    }
  }

  fail(delivery: Delivery): void {
    const failure = describeFailure(new TypeError('no'), delivery.attempt, this.clock.wallMs(), 'me');
    delivery.failures = withFailure(delivery.failures, failure);
    delivery.failedAttempts++;
    this.watch.onFailed(delivery);
  }

  get told(): string[] {
    return this.events.flatMap((event) =>
      event.kind === 'failure-pattern' ? [`${event.change} ${event.pattern.nature}`] : [],
    );
  }
}

describe('the watch over a member’s failures', () => {
  it('tells once of a pattern, and of its end', () => {
    const bed = new Bed();
    bed.run(30, (i) => i === 7);
    expect(bed.told).toEqual(['appeared poison']);
    expect(bed.watch.patterns()[0]!.findings).toMatchObject([{ kind: 'one-key', value: 'k7' }]);
    expect(bed.events[0]).toMatchObject({ topic: 't', group: 'g', change: 'appeared' });
    expect(JSON.parse(JSON.stringify(bed.watch.patterns()))).toEqual(bed.watch.patterns());
    bed.run(70, () => false);
    expect(bed.told).toEqual(['appeared poison', 'ended poison']);
  });

  it('tells nothing where nothing fails, nor of what another tenure handles again', () => {
    const bed = new Bed();
    bed.run(30, () => false);
    bed.tenure.end();
    bed.run(30, (i) => i === 7);
    expect(bed.events).toEqual([]);
    expect(bed.watch.patterns()).toEqual([]);
  });

  it('knows from its peers that failures are its own', () => {
    const bed = new Bed();
    bed.peers = {
      me: vitals({ handledPerSec: 5, failedPerSec: 45 }),
      b: vitals(),
      c: vitals(),
    };
    bed.run(30, (i) => i % 10 !== 0);
    expect(bed.watch.patterns()[0]).toMatchObject({
      nature: 'systemic',
      findings: [{ kind: 'one-consumer', value: 'me' }],
    });
    bed.peers = { me: bed.peers.me!, b: bed.peers.me! };
    bed.run(400, () => false);
    expect(bed.watch.patterns()[0]!.findings.map(({ kind }) => kind)).not.toContain('one-consumer');
  });

  it('knows what happened before: a failover, a member that joined', () => {
    const bed = new Bed();
    const members = [seat('me'), seat('b')];
    bed.watch.observe(rosterOf(members), 'h1');
    bed.run(60, () => false);
    bed.watch.observe(rosterOf(members), 'h2');
    bed.run(20, (i) => i % 2 === 0);
    expect(bed.watch.patterns()[0]!.findings).toMatchObject([{ kind: 'after', event: 'failover' }]);

    const joined = new Bed();
    joined.watch.observe(rosterOf(members), 'h1');
    joined.run(60, () => false);
    joined.watch.observe(rosterOf([...members, seat('c')]), 'h1');
    joined.run(20, (i) => i % 2 === 0);
    expect(joined.watch.patterns()[0]!.findings).toMatchObject([{ kind: 'after', event: 'member-joined' }]);
  });
});
