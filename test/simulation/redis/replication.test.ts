import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../harness/random.js';
import { Scheduler } from '../world/scheduler.js';
import { Wiring } from '../world/wiring.js';
import { UnknownCommand } from './commands.js';
import { ErrorReply, type SimReply } from './reply.js';
import { ServerConnection } from './server-connection.js';
import { SimNode } from './sim-node.js';

/** A master and two replicas that copy it: the first at once, the second late. */
async function shard() {
  const scheduler = new Scheduler();
  const random = seededRandom(1, 'shard');
  const wiring = new Wiring(scheduler, random, { baseMs: 1, jitterMs: 0, tailShare: 0, tailMs: 0 });
  const [master, near, far] = [1, 2, 3].map((port) => {
    const options = { scheduler, wiring, random, wallStartMs: 1e12, waitsFor: 'own' as const };
    return new SimNode({ ...options, id: `node:${port}` });
  }) as [SimNode, SimNode, SimNode];
  for (const replica of [near, far]) replica.replication.follow(master);
  const pass = (ms: number) => scheduler.run(scheduler.nowMs + ms, () => false);
  await pass(1_000);
  far.replication.lag = { baseMs: 500, jitterMs: 0 };
  const replies: SimReply[] = [];
  const connection = new ServerConnection(
    master,
    (reply) => replies.push(reply),
    () => replies.push('dropped'),
  );
  return { scheduler, wiring, master, near, far, connection, replies, pass };
}

describe('replication of simulated nodes', () => {
  it('WAIT answers when as many replicas as asked have the last write of its connection, or at its timeout', async () => {
    const { connection, replies, pass } = await shard();
    connection.receive(['SET', 'a', '1']);
    connection.receive(['WAIT', '1', '100']);
    connection.receive(['WAIT', '2', '100']);
    connection.receive(['GET', 'a']);
    await pass(50);
    expect(replies.slice(1)).toEqual([1]);
    await pass(100);
    expect(replies.slice(1)).toEqual([1, 1, '1']);
    await pass(500);
    connection.receive(['WAIT', '2', '100']);
    expect(replies.at(-1)).toBe(2);
  });

  it('a failover loses what the promoted replica had not received, and begins another history', async () => {
    const { master, far, connection, pass } = await shard();
    connection.receive(['SET', 'a', '1']);
    await pass(1_000);
    connection.receive(['SET', 'b', '1']);
    await pass(100);
    const { history } = far.replication;
    far.replication.promote();
    await pass(1_000);
    expect([...far.database.values.keys()]).toEqual(['a']);
    expect(far.replication.history).not.toBe(history);
    expect(master.perform(['GET', 'b'])).toBe('1');
  });

  it('a demoted master unblocks and drops who waits, refuses writes, and copies its master', async () => {
    const { master, near, connection, replies, pass } = await shard();
    near.replication.promote();
    connection.receive(['SET', 'stale', '1']);
    connection.receive(['WAIT', '1', '0']);
    await pass(100);
    near.perform(['SET', 'fresh', '1']);
    master.replication.follow(near);
    expect(replies.slice(1)).toEqual([expect.any(ErrorReply), 'dropped']);
    expect((master.perform(['SET', 'a', '1']) as ErrorReply).text).toMatch(/^READONLY/);
    await pass(1_000);
    expect([...master.database.values.keys()]).toEqual(['fresh']);
    expect(master.replication.history).toBe(near.replication.history);
  });

  it('a replica that is cut off is behind until the cut heals', async () => {
    const { wiring, master, near, pass } = await shard();
    wiring.cut('node:1', 'node:2');
    master.perform(['SET', 'a', '1']);
    await pass(1_000);
    expect(near.database.values.size).toBe(0);
    wiring.heal('node:1', 'node:2');
    master.replication.wake();
    await pass(100);
    expect(near.database.values.size).toBe(1);
  });

  it('a blocked read is answered by the write that it waited for', async () => {
    const { master, connection, replies, pass } = await shard();
    connection.receive(['XREAD', 'BLOCK', '1000', 'STREAMS', 'log', '0-0']);
    await pass(10);
    expect(replies).toEqual([]);
    master.perform(['XADD', 'log', '5-1', 'f', 'v']);
    expect(replies).toEqual([['log', [['5-1', ['f', 'v']]]]]);
  });

  it('what nobody simulated fails loudly', async () => {
    const { master } = await shard();
    expect(() => master.perform(['LPUSH', 'a', '1'])).toThrow(UnknownCommand);
  });
});
