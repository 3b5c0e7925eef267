import { describe, expect, it } from 'vitest';
import type { Delivery } from '../../../../broker/groups/delivery.js';
import type { Tenure } from '../../../../broker/groups/tenure.js';
import { SuspectTrials } from '../../../../broker/recovery/suspect-trials.js';
import { Suspicion } from '../../../../broker/recovery/suspicion.js';
import { ManualClock } from '../../../fixtures/manual-clock.js';
import { heldTenure, logDelivery } from '../../../fixtures/tenure-bed.js';

const turn = () => new Promise((resolve) => setImmediate(resolve));
const OK = [1];

function bed() {
  const clock = new ManualClock();
  const handed: [id: string, isAlone: boolean][] = [];
  const alone: string[] = [];
  let onQuiet = () => {};
  const fenced: Tenure[] = [];
  const trials = new SuspectTrials({
    owner: 'me',
    clock,
    maxKills: 2,
    limitMs: 30_000,
    handOut: ({ id }) => handed.push([id, false]),
    quiesce: ({ id }) => {
      alone.push(`quiesce ${id}`);
      return new Promise((resolve) => {
        onQuiet = resolve;
      });
    },
    handOutAlone: ({ id }) => handed.push([id, true]),
    release: ({ id }) => alone.push(`release ${id}`),
    onFenced: (tenure) => fenced.push(tenure),
  });
  return { clock, trials, handed, alone, fenced, quiet: () => onQuiet() };
}

/** A partition, and what its lease was told to name: the suspect and the survivor. */
function partition(number: number) {
  const { tenure, link } = heldTenure(undefined, undefined, number);
  const told = () => link.outstanding.map(({ args }) => args.slice(-2));
  const answer = async (reply: Parameters<typeof link.answer>[0] = OK) => {
    link.answer(reply);
    await turn();
  };
  const suspect = (sequence: number) => logDelivery(tenure, sequence, `p${number}m${sequence}`);
  return { tenure, link, told, answer, suspect };
}

describe('suspects', () => {
  it('are handed out one at a time, each after its lease names it, those of one partition first', async () => {
    const { trials, handed } = bed();
    const [p0, p1] = [partition(0), partition(1)];
    const [a, b, c] = [p0.suspect(1), p1.suspect(1), p0.suspect(2)];
    for (const delivery of [a, b, c]) trials.add(delivery);
    expect([handed, p0.told(), p1.told()]).toEqual([[], [['1-0:0', '']], []]);
    await p0.answer();
    expect(handed).toEqual([['p0m1', false]]);
    trials.returned(c);
    trials.returned(a);
    await turn();
    expect([p0.told(), p1.told()]).toEqual([[['2-0:0', '1-0:0']], []]);
    await p0.answer();
    trials.returned(c);
    await turn();
    // The name goes before another partition's comes: a death names one.
    expect([p0.told(), p1.told()]).toEqual([[['', '2-0:0']], []]);
    await p0.answer();
    expect([p0.told(), p1.told()]).toEqual([[], [['1-0:0', '']]]);
    await p1.answer();
    trials.returned(b);
    await turn();
    expect(p1.told()).toEqual([['', '1-0:0']]);
    await p1.answer();
    expect(handed.map(([id]) => id)).toEqual(['p0m1', 'p0m2', 'p1m1']);
  });

  it('are tried with nothing beside them where one more death would be too many', async () => {
    const { trials, handed, alone, quiet } = bed();
    const { tenure, suspect, answer, told } = partition(0);
    tenure.suspicion = new Suspicion(undefined, new Map([['1-0:0', [{ consumer: 'dead', atMs: 1 }]]]));
    const delivery = suspect(1);
    trials.add(delivery);
    // Named only while nobody else's death can count against it: when the others rest, and until they go on.
    expect([alone, told()]).toEqual([['quiesce p0m1'], []]);
    quiet();
    await turn();
    await answer();
    expect(handed).toEqual([['p0m1', true]]);
    trials.returned(delivery);
    await turn();
    expect([alone, told()]).toEqual([['quiesce p0m1'], [['', '1-0:0']]]);
    await answer();
    expect(alone).toEqual(['quiesce p0m1', 'release p0m1']);
  });

  it('whose trial takes too long are not named any more, and not acquitted', async () => {
    const { clock, trials, handed } = bed();
    const { suspect, answer, told } = partition(0);
    for (const sequence of [1, 2]) trials.add(suspect(sequence));
    await answer();
    clock.advance(30_000);
    await turn();
    expect(told()).toEqual([['2-0:0', '']]);
    await answer();
    expect(handed.map(([id]) => id)).toEqual(['p0m1', 'p0m2']);
  });

  it('go with their tenure, in trial or not, and the next one is tried', async () => {
    const { trials, handed } = bed();
    const [p0, p1] = [partition(0), partition(1)];
    const all: Delivery[] = [p0.suspect(1), p0.suspect(2), p1.suspect(1)];
    for (const delivery of all) trials.add(delivery);
    await p0.answer();
    p0.tenure.end();
    await turn();
    expect([p0.told(), p1.told()]).toEqual([[], [['1-0:0', '']]]);
    await p1.answer();
    expect(handed.map(([id]) => id)).toEqual(['p0m1', 'p1m1']);
  });

  it('are named again where the answer was lost, and not tried where the lease is another one’s', async () => {
    const { clock, trials, handed, fenced } = bed();
    const { tenure, link, suspect, answer, told } = partition(0);
    trials.add(suspect(1));
    link.reset('lost');
    await turn();
    link.greet();
    clock.advance(50);
    await turn();
    expect([told(), handed]).toEqual([[['1-0:0', '']], []]);
    await answer([0, Buffer.from('other'), Buffer.from('9')]);
    expect([fenced, handed]).toEqual([[tenure], []]);
  });

  it('are not tried any more when it is stopped', async () => {
    const { trials, handed } = bed();
    const { suspect, answer, told } = partition(0);
    for (const sequence of [1, 2]) trials.add(suspect(sequence));
    await answer();
    trials.stop();
    await turn();
    expect([told(), handed.map(([id]) => id)]).toEqual([[], ['p0m1']]);
  });
});
