import { describe, expect, it } from 'vitest';
import { type HandlingRates, PeerContrast } from '../../../../../broker/recovery/patterns/peer-contrast.js';

const well: HandlingRates = { handledPerSec: 50, failedPerSec: 0.5 };
const sick: HandlingRates = { handledPerSec: 10, failedPerSec: 40 };

function found(own: HandlingRates, peers: readonly HandlingRates[], looks = 12) {
  const contrast = new PeerContrast();
  for (let i = 0; i < looks; i++) contrast.look(own, peers, i * 5_000);
  return contrast.finding('me');
}

describe('a member beside its peers', () => {
  it('has failures of its own where theirs pass', () => {
    expect(found(sick, [well, well, well])).toMatchObject({ kind: 'one-consumer', value: 'me' });
    expect(found(sick, [well, well])!.failingShare).toBeCloseTo(0.8, 1);
  });

  it('has none where the others fail as well, where it is alone, or where nothing fails', () => {
    expect(found(sick, [sick, sick])).toBeUndefined();
    expect(found(sick, [])).toBeUndefined();
    expect(found(well, [well, well])).toBeUndefined();
    expect(found(well, [sick, well])).toBeUndefined();
  });

  it('has none at the first look, and forgets', () => {
    expect(found(sick, [well], 1)).toBeUndefined();
    const contrast = new PeerContrast();
    for (let i = 0; i < 12; i++) contrast.look(sick, [well, well], i * 5_000);
    for (let i = 12; i < 200; i++) contrast.look(well, [well, well], i * 5_000);
    expect(contrast.finding('me')).toBeUndefined();
  });
});
