import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { builtInRegistries } from '../../../../harness/scenario/built-in-registries.js';
import { planFaults } from '../../../../harness/scenario/fault-schedule.js';
import { parseScenario } from '../../../../harness/scenario/parse-scenario.js';
import { CLOSING_FAULT, drawEpisodes } from '../../../../scripts/soak/episodes.js';

const parsed = (seed: number, count: number) =>
  parseScenario(stringify(drawEpisodes(seed, count).scenario), 'soak.yaml');

describe('drawEpisodes', () => {
  it('draws the same scenario from the same seed, and another one from another', () => {
    expect(drawEpisodes(7, 20)).toEqual(drawEpisodes(7, 20));
    expect(drawEpisodes(8, 20).scenario.faults).not.toEqual(drawEpisodes(7, 20).scenario.faults);
  });

  it('makes scenarios that can be run, with ids that are theirs alone', () => {
    for (const count of [1, 6, 20]) {
      const { faults } = parsed(count, count);
      const ids = faults.map(({ id }) => id);
      expect(new Set(ids).size).toBe(ids.length);
      const drawn = drawEpisodes(count, count).episodes.flatMap((episode) => episode.faults);
      expect(ids).toEqual([...drawn, CLOSING_FAULT]);
    }
  });

  it('draws every kind of episode, also a producer that dies with the master while consumers stand still', () => {
    const kinds = new Set(drawEpisodes(1, 200).episodes.map(({ kind }) => kind));
    expect([...kinds].sort()).toEqual([
      'clients-cut-then-killed',
      'cut-off',
      'frozen',
      'killed',
      'killed-behind-lag',
      'killed-with-producer',
      'ordered',
    ]);
    const episode = drawEpisodes(1, 200).episodes.find(({ kind }) => kind === 'killed-with-producer')!;
    expect(episode.faults.map((id) => id.split('-')[0])).toEqual(['lag', 'pause', 'pause', 'cut', 'producer', 'dies']);
  });

  it('lifts every fault of an episode before the next one begins', () => {
    for (const seed of [1, 2, 3]) {
      const { episodes } = drawEpisodes(seed, 20);
      const { faults, load } = parsed(seed, 20);
      const planned = planFaults(faults, load.phases, builtInRegistries.faults);
      const times = episodes.map((episode) => episode.faults.map((id) => planned.get(id)));
      for (const [n, own] of times.entries()) {
        const next = times[n + 1]?.[0];
        for (const time of own) {
          if (typeof time !== 'object') throw new Error(`a fault of episode ${n} has no time`);
          if (typeof next === 'object') expect(time.liftedMs ?? time.lastMs).toBeLessThan(next.firstMs);
        }
      }
    }
  });
});
