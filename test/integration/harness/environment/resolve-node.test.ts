import { expect, it } from 'vitest';
import { startNativeEnvironment } from '../../../../harness/environment/native.js';
import { askRedis } from '../../../../harness/environment/redis-probe.js';
import { resolveNode } from '../../../../harness/environment/resolve-node.js';
import { openServerBed } from '../../../fixtures/server-bed.js';

it('finds nodes by name and by the role of the moment', async () => {
  await using bed = await openServerBed();
  const redis = { topology: 'replicated', replicas: 2, config: {} } as const;
  await using environment = await startNativeEnvironment({ ...bed, redis });
  const nameOf = async (name: string) => (await resolveNode(environment, name)).name;
  const [first, second, third] = environment.nodes;

  expect(await nameOf('redis-3')).toBe('redis-3');
  expect(await nameOf('redis-master')).toBe('redis-1');
  expect(await nameOf('redis-replica')).toBe('redis-2');
  expect(await nameOf('redis-replica-2')).toBe('redis-3');
  await expect(nameOf('redis-replica-3')).rejects.toMatchObject({ code: 'no-such-node' });
  await expect(nameOf('redis-9')).rejects.toThrow('There are redis-1, redis-2, redis-3');
  await expect(nameOf('kafka')).rejects.toThrow('neither a node nor a role');

  // The second takes over with the third as its replica; the first still calls itself master.
  await askRedis(second!.direct, 'REPLICAOF', 'NO', 'ONE');
  await askRedis(third!.direct, 'REPLICAOF', second!.peers!.host, String(second!.peers!.port));
  await expect.poll(() => nameOf('redis-master'), { timeout: 60_000 }).toBe('redis-2');
  expect(await nameOf('redis-replica')).toBe('redis-3');

  first!.process!.signal('SIGKILL');
  second!.process!.signal('SIGKILL');
  await Promise.all([first!.process!.exited(), second!.process!.exited()]);
  await expect(nameOf('redis-master')).rejects.toThrow(
    'redis-1: does not answer, redis-2: does not answer, redis-3: slave',
  );
});
