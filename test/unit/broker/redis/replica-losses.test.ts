import { beforeEach, describe, expect, it } from 'vitest';
import { type CensusInput, ReplicaLosses } from '../../../../broker/redis/replica-losses.js';
import { parseReplicationInfo } from '../../../../broker/redis/replication-info.js';

describe('a replica that is missed', () => {
  let losses: ReplicaLosses;
  beforeEach(() => {
    losses = new ReplicaLosses();
  });
  const census = (
    reportedDown: readonly string[],
    heard: readonly string[] | undefined,
    more: Partial<CensusInput> = {},
  ) =>
    losses.census({
      naming: 'm 1',
      replicas: ['r', 's'].map((id) => ({ id, isReportedDown: reportedDown.includes(id) })),
      isAuthorityFresh: true,
      heard,
      ...more,
    }).down;

  it('need not confirm when the authority says that it is down, and the master does not hear it', () => {
    expect(census([], ['r', 's'])).toBe(0);
    expect(census(['r'], ['s'])).toBe(1);
    expect(census(['r', 's'], [])).toBe(2);
  });

  it('has to confirm while only one of both says so', () => {
    expect(census(['r'], ['r', 's'])).toBe(0);
    expect(census([], ['s'])).toBe(0);
  });

  it('has to confirm when either answer is old, or missing', () => {
    expect(census(['r'], undefined)).toBe(0);
    expect(census(['r'], ['s'], { isAuthorityFresh: false })).toBe(0);
  });

  it('stays away until the master hears it again, not until the authority sees it', () => {
    expect(census(['r'], ['s'])).toBe(1);
    expect(census([], ['s'])).toBe(1);
    expect(census([], ['r', 's'])).toBe(0);
    expect(census([], ['s'])).toBe(0);
  });

  it('is forgotten with the master that missed it', () => {
    expect(census(['r'], ['s'])).toBe(1);
    expect(census([], ['s'], { naming: 'n 2' })).toBe(0);
  });

  it('is the master of before as soon as it is failed over, listed or not, until it is heard', () => {
    const seen = (heard: readonly string[], ids = ['s']) =>
      losses.census({
        naming: 'n 2',
        replicas: ids.map((id) => ({ id, isReportedDown: false })),
        isAuthorityFresh: true,
        heard,
      });
    losses.onFailover('m', 'n');
    expect(seen(['s'])).toEqual({ configured: 2, down: 1 });
    expect(seen(['s'], ['s', 'm'])).toEqual({ configured: 2, down: 1 });
    expect(seen(['s', 'm'], ['s', 'm'])).toEqual({ configured: 2, down: 0 });
    expect(seen(['s'], ['s', 'm'])).toEqual({ configured: 2, down: 0 });
  });

  it('is not a master of before that the authority was told to forget, or that is master again', () => {
    const seen = (ids: readonly string[]) =>
      losses.census({
        naming: 'n 2',
        replicas: ids.map((id) => ({ id, isReportedDown: false })),
        isAuthorityFresh: true,
        heard: ['s'],
      });
    losses.onFailover('m', 'n');
    expect(seen(['s', 'm'])).toEqual({ configured: 2, down: 1 });
    expect(seen(['s'])).toEqual({ configured: 1, down: 0 });
    losses.onFailover('n', 'm');
    losses.onFailover('m', 'n');
    losses.onFailover('n', 'm');
    expect(seen(['s', 'n'])).toEqual({ configured: 2, down: 1 });
  });

  it('does not stand for another one, by whatever names the master knows them', () => {
    expect(census(['r'], ['known-as-s'])).toBe(1);
    expect(census([], ['known-as-r', 'known-as-s'])).toBe(0);
    expect(census([], ['known-as-r'])).toBe(0);
  });
});

describe('what a master says of its replicas', () => {
  it('counts those that acknowledged within the last second', () => {
    const info = [
      'role:master',
      'slave0:ip=10.0.0.1,port=2,state=online,offset=9,lag=1',
      'slave1:ip=10.0.0.1,port=3,state=online,offset=9,lag=2',
      'slave2:ip=10.0.0.1,port=4,state=wait_bgsave,offset=0,lag=0',
    ].join('\r\n');
    expect(parseReplicationInfo(info)).toEqual({ role: 'master', heard: ['10.0.0.1:2'] });
    expect(parseReplicationInfo('role:slave\r\n').role).toBe('slave');
  });
});
