import { expect, it } from 'vitest';
import { sentinelConfig } from '../../../../harness/environment/sentinel-config.js';

const spec = { count: 3, downAfterMs: 1000, failoverTimeoutMs: 5000 };
const sentinels = ['a', 'b', 'c'].map((id, index) => ({ id, port: 10 + index, peerPort: 20 + index, dir: '/tmp/x' }));
const peers = { masterPort: 31, replicaPorts: [32, 33], sentinels, password: undefined };

it('a Sentinel announces its peer proxy and knows everybody else by theirs', () => {
  expect(sentinelConfig(spec, sentinels[0]!, peers).trimEnd().split('\n')).toEqual([
    'bind 127.0.0.1',
    'port 10',
    'dir "/tmp/x"',
    'daemonize no',
    'sentinel myid a',
    'sentinel announce-ip 127.0.0.1',
    'sentinel announce-port 20',
    'sentinel monitor gauntlet 127.0.0.1 31 2',
    'sentinel down-after-milliseconds gauntlet 1000',
    'sentinel failover-timeout gauntlet 5000',
    'sentinel parallel-syncs gauntlet 2',
    'sentinel known-replica gauntlet 127.0.0.1 32',
    'sentinel known-replica gauntlet 127.0.0.1 33',
    'sentinel known-sentinel gauntlet 127.0.0.1 21 b',
    'sentinel known-sentinel gauntlet 127.0.0.1 22 c',
  ]);
});

it('a majority decides, and a password is quoted', () => {
  const config = sentinelConfig({ ...spec, count: 5 }, sentinels[0]!, { ...peers, password: 'a "b"' });
  expect(config).toContain('sentinel monitor gauntlet 127.0.0.1 31 3\n');
  expect(config).toContain('sentinel auth-pass gauntlet "a \\"b\\""\n');
});
