import { describe, expect, it } from 'vitest';
import { NS_PER_SEC } from '../../../../harness/clock.js';
import { OomWatch, oomKills } from '../../../../harness/run/oom-watch.js';

/** A kernel that kills when it is told to, and a worker that ends by a SIGKILL from outside unless told otherwise. */
function openWatch() {
  let count = 7;
  const watch = new OomWatch(() => count);
  return {
    kernelKills: (times = 1) => {
      count += times;
    },
    lookAt: (sec: number) => watch.look(sec * NS_PER_SEC),
    endsAt: (sec: number, how: Partial<Parameters<OomWatch['claims']>[0]> = {}) =>
      watch.claims({ reason: 'outside', signal: 'SIGKILL', atNs: sec * NS_PER_SEC, ...how }),
  };
}

describe('a kill for want of memory', () => {
  it('explains a worker that ended by SIGKILL when the count rose', () => {
    const { kernelKills, lookAt, endsAt } = openWatch();
    lookAt(1);
    kernelKills();
    expect(endsAt(2)).toBe(true);
  });

  it('explains one whose end is told after the count was seen to rise', () => {
    const { kernelKills, lookAt, endsAt } = openWatch();
    kernelKills();
    lookAt(1);
    expect(endsAt(2)).toBe(true);
  });

  it('does not explain a SIGKILL while the count stays', () => {
    const { lookAt, endsAt } = openWatch();
    lookAt(1);
    expect(endsAt(2)).toBe(false);
  });

  it('explains one worker only', () => {
    const { kernelKills, endsAt } = openWatch();
    kernelKills();
    expect([endsAt(1), endsAt(1)]).toEqual([true, false]);
    kernelKills(2);
    expect([endsAt(2), endsAt(2), endsAt(2)]).toEqual([true, true, false]);
  });

  it("of another program, long before, explains nobody's end", () => {
    const { kernelKills, lookAt, endsAt } = openWatch();
    kernelKills();
    lookAt(1);
    lookAt(10);
    expect(endsAt(10)).toBe(false);
  });

  it.each([
    ['one that a fault killed', { reason: 'killed' }],
    ['one that was deaf', { reason: 'deaf' }],
    ['one that the driver ended', { reason: 'crashed', signal: null }],
    ['one that somebody asked to end', { signal: 'SIGTERM' }],
  ] as const)('does not explain %s', (_, how) => {
    const { kernelKills, endsAt } = openWatch();
    kernelKills();
    expect(endsAt(1, how)).toBe(false);
  });
});

describe('oomKills', () => {
  const UNIFIED = '0::/user.slice/run.scope\n';
  const SEPARATE = '5:devices:/\n4:memory:/jobs/17\n0::/\n';
  const VMSTAT = { '/proc/vmstat': 'nr_free_pages 12\noom_kill 31\n' };

  it.each<[string, Readonly<Record<string, string>>, number]>([
    [
      'of the own cgroup, not of the machine',
      {
        '/proc/self/cgroup': UNIFIED,
        '/sys/fs/cgroup/user.slice/run.scope/memory.events': 'oom 3\noom_kill 2\noom_group_kill 0\n',
        ...VMSTAT,
      },
      2,
    ],
    [
      "of a container, whose cgroup is mounted as the root under the host's path",
      { '/proc/self/cgroup': UNIFIED, '/sys/fs/cgroup/memory.events': 'oom_kill 4\n', ...VMSTAT },
      4,
    ],
    [
      'of the own cgroup in a hierarchy of its own',
      {
        '/proc/self/cgroup': SEPARATE,
        '/sys/fs/cgroup/memory/jobs/17/memory.oom_control': 'oom_kill_disable 0\nunder_oom 0\noom_kill 1\n',
        ...VMSTAT,
      },
      1,
    ],
    ['of the machine where no cgroup tells', { '/proc/self/cgroup': UNIFIED, ...VMSTAT }, 31],
    ['of the machine where there are no cgroups', VMSTAT, 31],
    ['0 where nothing tells', {}, 0],
  ])('counts those %s', (_, files, expected) => {
    expect(oomKills((path) => files[path])).toBe(expected);
  });

  it('reads this machine', () => {
    expect(oomKills()).toBeGreaterThanOrEqual(0);
  });
});
