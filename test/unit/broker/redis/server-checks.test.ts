import { describe, expect, it } from 'vitest';
import { DURABILITIES, type Durability } from '../../../../broker/log/message.js';
import { checkServer } from '../../../../broker/redis/server-checks.js';

const INFO = 'redis_version:7.0.15\r\naof_enabled:1\r\nmaxmemory_policy:noeviction\r\n';
const FIT = {
  'maxmemory-policy': 'noeviction',
  appendonly: 'yes',
  appendfsync: 'always',
  'no-appendfsync-on-rewrite': 'no',
  'min-replicas-to-write': '0',
};

interface Server {
  readonly info?: string;
  readonly config?: Partial<typeof FIT> | undefined;
  readonly replicas?: number;
}

function check(durability: Durability, { info = INFO, config = {}, replicas = 2 }: Server) {
  return checkServer({ info, config: new Map(Object.entries({ ...FIT, ...config })), replicas }, durability);
}

describe('a server', () => {
  it.each(DURABILITIES)('that is set up well is fit for %s', (durability) => {
    expect(check(durability, {})).toEqual({ problems: [], notes: [] });
  });

  const unfit: readonly (readonly [what: string, Durability, Server, problem: RegExp])[] = [
    ['too old', 'leader', { info: INFO.replace('7.0.15', '6.2.14') }, /^Redis 6\.2\.14: 7\.0 or later is needed$/],
    [
      'that evicts',
      'leader',
      { config: { 'maxmemory-policy': 'allkeys-lru' } },
      /^maxmemory-policy is 'allkeys-lru': .* CONFIG SET maxmemory-policy noeviction$/,
    ],
    ['without replicas', 'replicated', { replicas: 0 }, /^it has no replicas/],
    [
      'without AOF',
      'replicated',
      { config: { appendonly: 'no' } },
      /^appendonly is 'no': .* CONFIG SET appendonly yes$/,
    ],
    ['without AOF', 'fsync', { config: { appendonly: 'no' } }, /^appendonly is 'no'/],
    ['that syncs every second', 'fsync', { config: { appendfsync: 'everysec' } }, /^appendfsync is 'everysec'/],
    [
      'that stops syncing while it rewrites',
      'fsync',
      { config: { 'no-appendfsync-on-rewrite': 'yes' } },
      /^no-appendfsync-on-rewrite is 'yes'/,
    ],
  ];
  it.each(unfit)('%s is unfit for %s', (_, durability, server, problem) => {
    const { problems } = check(durability, server);
    expect(problems).toEqual([expect.stringMatching(problem)]);
  });

  it('is not asked for what the durability does not need', () => {
    const config = { appendonly: 'no', appendfsync: 'no', 'no-appendfsync-on-rewrite': 'yes' };
    expect(check('leader', { config, replicas: 0 }).problems).toEqual([]);
  });

  it('that knows WAITAOF need not sync always', () => {
    const info = INFO.replace('7.0.15', '7.2.0');
    expect(check('fsync', { info, config: { appendfsync: 'everysec' } }).problems).toEqual([]);
  });

  it('that refuses CONFIG is judged by INFO, and what is not in there is noted', () => {
    const verdict = checkServer({ info: INFO, config: undefined, replicas: 1 }, 'fsync');
    expect(verdict.problems).toEqual([]);
    expect(verdict.notes).toEqual([
      expect.stringMatching(/^appendfsync was not checked/),
      expect.stringMatching(/^no-appendfsync-on-rewrite was not checked/),
    ]);
    const evicting = checkServer(
      { info: INFO.replace('noeviction', 'volatile-ttl'), config: undefined, replicas: 1 },
      'leader',
    );
    expect(evicting.problems).toHaveLength(1);
  });

  it('that demands replicas itself is noted', () => {
    expect(check('leader', { config: { 'min-replicas-to-write': '1' } }).notes).toEqual([
      expect.stringMatching(/^min-replicas-to-write is 1/),
    ]);
  });
});
