import { describe, expect, it } from 'vitest';
import { ClusterMap } from '../../../../broker/redis/cluster-map.js';
import { parseClusterNodes } from '../../../../broker/redis/cluster-view.js';

const ASKED = { host: '10.0.0.1', port: 1 };
const parse = (...lines: string[]) => parseClusterNodes(lines.join('\n'), ASKED);

const A = 'a 10.0.0.1:1@101 myself,master - 0 0 1 connected 0-99';
const A_FAILED = 'a 10.0.0.1:1@101 master,fail - 0 0 1 connected';
const B = 'b 10.0.0.1:2@102 master - 0 0 2 connected 100-16383';
const A_REPLICA = 'c 10.0.0.1:3@103 slave a 0 0 1 connected';
const A_REPLICA_LEADS = 'c 10.0.0.1:3@103 master - 0 0 3 connected 0-99';

describe('what a node says of the cluster', () => {
  it('is read line by line', () => {
    const [own, failed, aux] = parse(
      'a :1@101 myself,master - 0 0 5 connected 0-5 7 [8->-b]',
      'b 10.0.0.1:2@102,host-b slave,fail a 0 0 5 disconnected',
      'c 10.0.0.1:3@103,,tls-port=0,shard-id=s1 slave,fail? a 0 0 5 connected',
      'd :0@0 master,noaddr - 0 0 0 disconnected',
      'e 10.0.0.1:9@109 handshake - 0 0 0 connected',
    );
    expect(own).toEqual({
      nodeId: 'a',
      announced: '10.0.0.1:1',
      isMaster: true,
      isFailed: false,
      masterId: '',
      configEpoch: 5,
      slots: [
        [0, 5],
        [7, 7],
      ],
      shardId: '',
    });
    expect(failed).toMatchObject({ announced: '10.0.0.1:2', isMaster: false, isFailed: true, masterId: 'a' });
    expect(aux).toMatchObject({ shardId: 's1', isFailed: false });
    expect(parse('d :0@0 master,noaddr - 0 0 0 disconnected', 'e 10.0.0.1:9@109 handshake - 0 0 0 connected')).toEqual(
      [],
    );
  });
});

describe('the map of a cluster', () => {
  const portOf = (map: ClusterMap, slot: number) => map.masterOf(slot)?.port;

  it('is complete when every slot is served', () => {
    const map = new ClusterMap({});
    expect(map.merge(parse(A))).toBe(true);
    expect(map.isComplete).toBe(false);
    expect(map.firstUnserved).toBe(100);
    expect(map.merge(parse(A, B))).toBe(true);
    expect(map.isComplete).toBe(true);
    expect(map.merge(parse(A, B))).toBe(false);
    expect([0, 99, 100].map((slot) => portOf(map, slot))).toEqual([1, 1, 2]);
    expect(map.masters().map(({ port, epoch }) => [port, epoch])).toEqual([
      [1, 1],
      [2, 2],
    ]);
  });

  it('follows a failover, and does not believe who claims the slots at a lower epoch', () => {
    const map = new ClusterMap({});
    map.merge(parse(A, B, A_REPLICA));
    expect(map.merge(parse(A_FAILED, B, A_REPLICA_LEADS))).toBe(true);
    expect(portOf(map, 0)).toBe(3);
    expect(map.masters()).toHaveLength(2);
    expect(map.merge(parse(A, B, A_REPLICA))).toBe(false);
    expect(portOf(map, 0)).toBe(3);
  });

  it('counts a master that was failed over as a replica of the new one, until it is one, or is forgotten', () => {
    const map = new ClusterMap({});
    const replicas = () => map.replicasOf(map.masterOf(0)!).map(({ nodeId, isFailed }) => [nodeId, isFailed]);
    map.merge(parse(A, B, A_REPLICA));
    expect(replicas()).toEqual([['c', false]]);
    map.merge(parse(A_FAILED, B, A_REPLICA_LEADS));
    expect(replicas()).toEqual([['a', true]]);
    // What an isolated node still thinks changes nothing.
    map.merge(parse(A, B, A_REPLICA));
    expect(replicas()).toEqual([['a', true]]);
    map.merge(parse('a 10.0.0.1:1@101 slave c 0 0 3 connected', B, A_REPLICA_LEADS));
    expect(replicas()).toEqual([['a', false]]);
    map.merge(parse(B, A_REPLICA_LEADS));
    expect(replicas()).toEqual([]);
  });

  it('counts replicas of the former master with the new one while they turn', () => {
    const map = new ClusterMap({});
    const second = 'd 10.0.0.1:4@104 slave a 0 0 1 connected';
    map.merge(parse(A, B, A_REPLICA, second));
    map.merge(parse(A_FAILED, B, A_REPLICA_LEADS, second));
    expect(map.replicasOf(map.masterOf(0)!).map(({ nodeId }) => nodeId)).toEqual(['a', 'd']);
  });

  it('knows by the shard who belongs together, also without having seen the failover', () => {
    const map = new ClusterMap({});
    const sharded = (line: string) => line.replace(/(@\d+)/, '$1,,shard-id=s1');
    map.merge(parse(sharded(A_FAILED), B, sharded(A_REPLICA_LEADS)));
    expect(map.replicasOf(map.masterOf(0)!).map(({ nodeId }) => nodeId)).toEqual(['a']);
  });

  it('follows the migration of a slot, and tells the higher epoch of who took it', () => {
    const map = new ClusterMap({});
    map.merge(parse(A, B));
    expect(map.merge(parse(A.replace('0-99', '1-99'), B.replace(' 2 connected 100-', ' 4 connected 0 100-')))).toBe(
      true,
    );
    expect([0, 1].map((slot) => portOf(map, slot))).toEqual([2, 1]);
    expect(map.masterOf(100)?.epoch).toBe(4);
  });

  it('reaches nodes where clients reach them', () => {
    const map = new ClusterMap({ '10.0.0.1:1': { host: 'proxy', port: 100 } });
    map.merge(parse(A));
    expect(map.masterOf(0)).toEqual({ nodeId: 'a', id: 'proxy:100', host: 'proxy', port: 100, epoch: 1 });
  });
});
