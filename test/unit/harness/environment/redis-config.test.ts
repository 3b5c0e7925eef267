import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EnvironmentError } from '../../../../harness/environment/environment-error.js';
import { redisConfig } from '../../../../harness/environment/redis-config.js';
import { explainRedisExit } from '../../../../harness/environment/redis-server.js';
import type { RedisSpec } from '../../../../harness/scenario/scenario.js';

const place = { port: 21_000, dir: '/tmp/x', peerPort: undefined, masterPeerPort: undefined, bus: undefined };
const spec = (config: Record<string, string>): RedisSpec => ({ topology: 'standalone', replicas: 0, config });
const lines = (text: string) => text.trimEnd().split('\n');

describe('redisConfig', () => {
  it('binds loopback and persists nothing by default', () => {
    expect(lines(redisConfig(spec({}), place))).toEqual([
      'bind 127.0.0.1',
      'protected-mode yes',
      'port 21000',
      'dir "/tmp/x"',
      'daemonize no',
      'save ""',
      'appendonly no',
    ]);
  });

  it('lets the scenario override a default, with several values where it has them', () => {
    const config = lines(
      redisConfig(spec({ appendonly: 'yes', save: '900 1 300 10', 'notify-keyspace-events': '' }), place),
    );
    expect(config.slice(-3)).toEqual(['appendonly yes', 'save 900 1 300 10', 'notify-keyspace-events ""']);
  });

  it('announces the peer proxy and follows the master through its peer proxy', () => {
    const config = lines(redisConfig(spec({}), { ...place, peerPort: 22_000, masterPeerPort: 23_000 }));
    expect(config).toContain('replica-announce-port 22000');
    expect(config).toContain('replicaof 127.0.0.1 23000');
  });

  it('gives replicas the password, whatever it contains', () => {
    const config = lines(redisConfig(spec({ requirepass: 'a "b" \\c' }), place));
    expect(config).toContain('masterauth "a \\"b\\" \\\\c"');
    expect(config).toContain('requirepass "a \\"b\\" \\\\c"');
  });

  it.each(['port', 'bind', 'dir', 'replicaof', 'daemonize', 'Include'])(
    'refuses %s, which the environment decides',
    (name) => {
      expect(() => redisConfig(spec({ [name]: '1' }), place)).toThrow(
        /environment\.redis\.config\.\w+: "1" cannot be set/,
      );
    },
  );

  it('never lets a value become a second directive', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (directive, value) => {
        let text: string;
        try {
          text = redisConfig(spec({ [directive]: value }), place);
        } catch (error) {
          expect(error).toBeInstanceOf(EnvironmentError);
          return;
        }
        expect(text.split(/[\r\n]/)).toHaveLength(9);
      }),
    );
  });
});

describe('explainRedisExit', () => {
  const node = { name: 'redis-1', direct: { host: '127.0.0.1', port: 21_000 } };

  it('quotes the directive that Redis refuses', () => {
    const log =
      "*** FATAL CONFIG FILE ERROR (Redis 7.0.15) ***\nReading the configuration file, at line 8\n>>> 'maxmemory yes'\nargument must be a memory value\n";
    const error = explainRedisExit(node, log);
    expect(error.code).toBe('bad-config');
    expect(error.message).toContain("'maxmemory yes'");
    expect(error.message).toContain('argument must be a memory value');
  });

  it('knows a taken port', () => {
    const log = '# Warning: Could not create server TCP listening socket 127.0.0.1:21000: bind: Address already in use';
    expect(explainRedisExit(node, log).code).toBe('port-taken');
  });

  it('shows the log of any other end', () => {
    const error = explainRedisExit(node, 'Module /x.so failed to load');
    expect(error.code).toBe('ended');
    expect(error.message).toContain('Module /x.so failed to load');
  });
});
